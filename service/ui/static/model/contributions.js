/** What makes up a prediction: how likely each class is, the baseline, and what each edge into the output adds. */

import { byId, element } from "../js/elements.js";
import { number, percent } from "../js/words.js";
import { bars } from "./bars.js";

const SHOWN = 8;

/** @param {any} answer of POST …/predict with one row; with its contributions where they are known */
export function showContributions(answer) {
  byId("contributions").replaceChildren(
    ...(answer.probabilities ? [likelihoods(answer)] : []), ...(answer.contributions ? parts(answer) : []));
}

/** @param {any} answer */
function likelihoods(answer) {
  const [shares] = answer.probabilities;
  return bars("How likely each class is", answer.classes.map((/** @type {string} */ name, /** @type {number} */ place) =>
    ({ name, value: shares[place], words: percent(shares[place]) })));
}

/** @param {any} answer */
function parts(answer) {
  const { contributions } = answer;
  const place = contributions.outputs.length > 1 && answer.classes ? best(answer) : 0;
  const output = contributions.outputs[place];
  const terms = contributions.terms
    .map((/** @type {any} */ term, /** @type {number} */ order) => ({ ...term, value: contributions.values[0][order] }))
    .filter((/** @type {any} */ term) => term.output === output)
    .sort((/** @type {any} */ a, /** @type {any} */ b) => Math.abs(b.value) - Math.abs(a.value));
  const left = terms.slice(SHOWN).reduce((/** @type {number} */ sum, /** @type {any} */ term) => sum + term.value, 0);
  const items = terms.slice(0, SHOWN);
  if (terms.length > SHOWN) items.push({ name: `${terms.length - SHOWN} more`, value: left });
  const what = answer.classes ? `the logit of ${output}` : output;
  return [
    element("p", { class: "quiet" }, `From the mean over training, ${number(contributions.baseline[place])}, each part moves ${what} by:`),
    bars(`What moves ${what}`, items.map((/** @type {any} */ item) => ({ ...item, words: signed(item.value) }))),
  ];
}

/** @param {any} answer */
function best(answer) {
  const [shares] = answer.probabilities;
  const place = answer.contributions.outputs.indexOf(answer.classes[shares.indexOf(Math.max(...shares))]);
  return Math.max(place, 0);
}

/** @param {number} value */
function signed(value) {
  const short = number(Number(value.toPrecision(3)));
  return value > 0 ? `+${short}` : short.replace("-", "−");
}
