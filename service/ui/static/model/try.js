/** What if: a value for every input, the prediction at once, what makes it up, and how it goes along each input. */

import { Problem, post } from "../js/api.js";
import { byId } from "../js/elements.js";
import { number, percent } from "../js/words.js";
import { showCall } from "./calls.js";
import { showContributions } from "./contributions.js";
import { intervalWords } from "./interval.js";
import { showSweeps } from "./sweeps.js";
import { startTrace } from "./trace.js";
import { announce } from "./prediction.js";

/** @typedef {number | string | null} Value */

/** @param {import("./page.js").Page} page */
export async function startTry(page) {
  const form = byId("inputs"), fields = fieldsOf(form);
  for (const field of fields) remember(page, field);
  const trace = startTrace(page, fields.map((field) => field.dataset.name ?? ""));
  const ask = latest(async () => {
    const row = readRow(fields);
    if (row === null) return unanswered("Type a number for every input.");
    const answer = await predict(page, form, row).catch((error) => {
      if (!(error instanceof Problem)) throw error;
      if (form.isConnected) unanswered(error.message);
    });
    if (!answer || !form.isConnected) return undefined;
    await Promise.all([trace(row), showSweeps(page, fields, row, answer)]);
    return undefined;
  }, page.fail);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    follow(/** @type {HTMLInputElement} */ (event.target));
    for (const field of fields) page.kept.values[field.dataset.name ?? ""] = control(field).value;
    ask();
  });
  page.drawn.push(ask);
  page.opened.push(ask);
  ask();
}

/**
 * @param {import("./page.js").Page} page
 * @param {HTMLElement} form
 * @param {Value[]} row
 */
async function predict(page, form, row) {
  const body = { rows: [row] };
  const answer = await post(`${page.address}/predict`, body, {
    contributions: page.hasContributions ? "true" : null, interval: page.interval || null,
  });
  if (!form.isConnected) return answer;
  const shown = answer.predictions[0];
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (byId("answer").querySelectorAll("[data-output]"))) {
    place.textContent = number(shown[Number(place.dataset.output)]) + likely(answer);
  }
  const outside = answer.domain.outside.map(outsideWords);
  say(outside.length ? `Training never saw ${outside.join(", ")}: the answer is only how its curves go on.` : "");
  for (const field of fieldsOf(form)) {
    const isOutside = answer.domain.outside.some((/** @type {any} */ item) => item.input === field.dataset.name);
    field.classList.toggle("outside", isOutside);
  }
  const bounds = byId("interval");
  bounds.hidden = !answer.interval;
  if (answer.interval) bounds.textContent = intervalWords(answer);
  showContributions(answer);
  showCall(byId("predict-call"), body);
  announce(answer);
  return answer;
}

/**
 * Takes the last answer off the page: it is not that of the values that are shown now.
 * @param {string} why
 */
function unanswered(why) {
  for (const place of byId("answer").querySelectorAll("[data-output]")) place.textContent = "–";
  byId("interval").hidden = true;
  byId("contributions").replaceChildren();
  for (const mark of document.querySelectorAll("#picture .now, #edge-content .now, #inputs .sweep")) mark.remove();
  for (const field of byId("inputs").querySelectorAll(".outside")) field.classList.remove("outside");
  announce(null);
  say(why);
}

/** @param {any} answer */
function likely(answer) {
  if (!answer.probabilities) return "";
  return `, ${percent(Math.max(...answer.probabilities[0]))}`;
}

/** @param {{input: string, range: [number, number] | null}} item */
function outsideWords(item) {
  return item.range ? `${item.input} outside ${number(item.range[0])} to ${number(item.range[1])}` : `this ${item.input}`;
}

/** @param {string} words */
function say(words) {
  const place = byId("outside");
  place.hidden = !words;
  place.textContent = words;
}

/**
 * Gives the values in the order of the signature; null where one is no number.
 * @param {HTMLElement[]} fields
 * @returns {Value[] | null}
 */
function readRow(fields) {
  const row = fields.map(valueOf);
  return row.some((value) => value === undefined) ? null : /** @type {Value[]} */ (row);
}

/** @param {HTMLElement} field */
function valueOf(field) {
  const found = control(field);
  if (found instanceof HTMLSelectElement) return found.selectedOptions[0]?.hasAttribute("data-missing") ? null : found.value;
  if (found.value.trim() === "") return found.placeholder === "missing" && found.validity.valid ? null : undefined;
  const value = Number(found.value);
  return Number.isFinite(value) ? value : undefined;
}

/** @param {HTMLElement} field */
function control(field) {
  return /** @type {HTMLInputElement | HTMLSelectElement} */ (field.querySelector("select, input[type=number]"));
}

/**
 * Keeps slider and number together.
 * @param {HTMLInputElement} changed
 */
function follow(changed) {
  const field = /** @type {HTMLElement} */ (changed.closest(".field"));
  const slider = /** @type {HTMLInputElement | null} */ (field.querySelector("input[type=range]"));
  if (slider && changed === slider) control(field).value = String(stepped(slider));
  else if (slider && changed.value !== "") slider.value = changed.value;
}

/**
 * Gives the value of a slider with as many digits as tell a thousandth of its range, and never outside of it.
 * @param {HTMLInputElement} slider
 */
function stepped(slider) {
  const low = Number(slider.min), high = Number(slider.max);
  const digits = Math.min(Math.max(3 - Math.floor(Math.log10(high - low)), 0), 100);
  return Math.min(Math.max(Number(Number(slider.value).toFixed(digits)), low), high);
}

/**
 * @param {import("./page.js").Page} page
 * @param {HTMLElement} field
 */
function remember(page, field) {
  const kept = page.kept.values[field.dataset.name ?? ""];
  if (kept === undefined) return;
  control(field).value = kept;
  const slider = /** @type {HTMLInputElement | null} */ (field.querySelector("input[type=range]"));
  if (slider && kept !== "") slider.value = kept;
}

/** @param {HTMLElement} form */
function fieldsOf(form) {
  return [.../** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll(".field"))];
}

/**
 * Runs one call at a time; of those asked for meanwhile only the last.
 * @param {() => Promise<unknown>} act
 * @param {(error: unknown) => void} fail
 */
function latest(act, fail) {
  let isRunning = false, isWanted = false;
  return async () => {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    while (isWanted) {
      isWanted = false;
      await act().catch(fail);
    }
    isRunning = false;
  };
}
