/** How the prediction goes along each input while the others stay: a small curve above every slider. */

import { noneWhere422, post } from "../js/api.js";
import { svg } from "../js/elements.js";

const STEPS = 32, WIDTH = 200, HEIGHT = 28, PADDING = 3;
// Beyond, the answer would take longer than a hand moves.
const MOST_INPUTS = 30;

/**
 * @param {import("./page.js").Page} page
 * @param {HTMLElement[]} fields
 * @param {(number | string | null)[]} row
 * @param {any} answer of that row
 */
export async function showSweeps(page, fields, row, answer) {
  const sliders = fields.map((field) => /** @type {HTMLInputElement | null} */ (field.querySelector("input[type=range]")));
  if (fields.length > MOST_INPUTS || !sliders.some(Boolean)) return;
  const swept = sliders.flatMap((slider, place) => (slider ? [{ slider, place }] : []));
  const rows = swept.flatMap(({ slider, place }) =>
    steps(Number(slider.min), Number(slider.max)).map((value) => row.map((held, at) => (at === place ? value : held))));
  // Somewhere along a slider a formula may have no value, which refuses all rows.
  const found = await post(`${page.address}/predict`, { rows }).catch(noneWhere422);
  if (!found) return swept.forEach(({ slider }) => before(slider)?.remove());
  const values = followed(found, answer);
  const low = Math.min(...values), high = Math.max(...values);
  swept.forEach(({ slider }, order) => {
    const curve = values.slice(order * STEPS, (order + 1) * STEPS);
    draw(slider, curve.map((value) => (high > low ? (value - low) / (high - low) : 0.5)));
  });
}

/**
 * Gives the number that is followed: the first output, or the probability of the class that the shown row has.
 * @param {any} swept
 * @param {any} shown
 * @returns {number[]}
 */
function followed(swept, shown) {
  if (!swept.probabilities) return swept.predictions.map((/** @type {number[]} */ each) => each[0]);
  const [first] = shown.probabilities, likely = first.indexOf(Math.max(...first));
  return swept.probabilities.map((/** @type {number[]} */ each) => each[likely]);
}

/**
 * @param {number} low
 * @param {number} high
 */
function steps(low, high) {
  return Array.from({ length: STEPS }, (_, step) => low + ((high - low) * step) / (STEPS - 1));
}

/**
 * @param {HTMLInputElement} slider
 * @param {number[]} shares of the height, from the bottom
 */
function draw(slider, shares) {
  const points = shares.map((share, step) =>
    `${((WIDTH * step) / (STEPS - 1)).toFixed(1)} ${(HEIGHT - PADDING - share * (HEIGHT - 2 * PADDING)).toFixed(1)}`);
  const now = (WIDTH * (Number(slider.value) - Number(slider.min))) / (Number(slider.max) - Number(slider.min));
  const made = svg("svg", { class: "plot sweep", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("line", { class: "axis", x1: now, x2: now, y1: 0, y2: HEIGHT }),
    svg("polyline", { class: "line", points: points.join(" ") }));
  before(slider)?.remove();
  slider.before(made);
}

/**
 * Gives the curve above a slider.
 * @param {HTMLInputElement} slider
 */
function before(slider) {
  const found = slider.previousElementSibling;
  return found?.classList.contains("sweep") ? found : null;
}
