/** How far a prediction may be off, in words: of several outputs each with its name. */

import { number, percent } from "../js/words.js";

/** @param {any} answer of POST …/predict with one row and an interval */
export function intervalWords({ outputs, interval }) {
  const { level, low, high, sets, test_rows: rows } = interval;
  const widths = sets ? [sets[0].join(" or ")] : outputs.map((/** @type {string} */ _, /** @type {number} */ place) => halfWidth(low[0][place], high[0][place]));
  const isOne = widths.length === 1;
  const within = isOne ? widths[0] : widths.map((/** @type {string} */ width, /** @type {number} */ place) => `${outputs[place]} ${width}`).join(", ");
  return `${within}${isOne ? "" : ": each"} holds for ${percent(level)} of rows like the ${rows} test rows.`;
}

/**
 * @param {number} low
 * @param {number} high
 */
function halfWidth(low, high) {
  return `± ${number(Number(((high - low) / 2).toPrecision(2)))}`;
}
