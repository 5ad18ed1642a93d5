/** How the prediction goes along each input while the others stay: a small curve above every slider. */

import { post } from "../js/api.js";
import { svg } from "../js/elements.js";

const STEPS = 32, WIDTH = 200, HEIGHT = 28, PADDING = 3;
// Beyond, the answer would take longer than a hand moves.
const MOST_INPUTS = 30;

/**
 * @param {import("./page.js").Page} page
 * @param {HTMLElement[]} fields
 * @param {(number | string | null)[]} row
 */
export async function showSweeps(page, fields, row) {
  const sliders = fields.map((field) => /** @type {HTMLInputElement | null} */ (field.querySelector("input[type=range]")));
  if (fields.length > MOST_INPUTS || !sliders.some(Boolean)) return;
  const swept = sliders.flatMap((slider, place) => (slider ? [{ slider, place }] : []));
  const rows = swept.flatMap(({ slider, place }) =>
    steps(Number(slider.min), Number(slider.max)).map((value) => row.map((held, at) => (at === place ? value : held))));
  const values = followed(await post(`${page.address}/predict`, { rows }));
  const low = Math.min(...values), high = Math.max(...values);
  swept.forEach(({ slider }, order) => {
    const curve = values.slice(order * STEPS, (order + 1) * STEPS);
    draw(slider, curve.map((value) => (high > low ? (value - low) / (high - low) : 0.5)));
  });
}

/**
 * Gives the number that is followed: the first output, or the probability of the class that the first row has.
 * @param {any} answer
 * @returns {number[]}
 */
function followed(answer) {
  if (!answer.probabilities) return answer.predictions.map((/** @type {number[]} */ each) => each[0]);
  const [first] = answer.probabilities, likely = first.indexOf(Math.max(...first));
  return answer.probabilities.map((/** @type {number[]} */ each) => each[likely]);
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
  const before = slider.previousElementSibling;
  if (before?.classList.contains("sweep")) before.replaceWith(made);
  else slider.before(made);
}
