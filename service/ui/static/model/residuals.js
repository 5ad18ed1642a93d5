/** Can I trust it here: the errors on rows that were held out, and those of the rows predicted most like this one. */

import { get, noneWhere422 } from "../js/api.js";
import { byId, element, svg, table } from "../js/elements.js";
import { number, percent } from "../js/words.js";
import { chart } from "./chart.js";
import { onPrediction } from "./prediction.js";

const MOST_ROWS = 2000, NEAREST = 20;

/** @param {import("./page.js").Page} page */
export async function startResiduals(page) {
  if (!page.dataset && !page.judge) return;
  const place = byId("residuals"), { found, split } = await held(page);
  if (!found?.total || !found.actual || !place.isConnected) return;
  const words = split === "all" ? "rows (none were held out)" : "test rows, held out from the training";
  if (found.residual) showErrors(place, found, words);
  else showConfusion(place, found, words);
}

/** @param {import("./page.js").Page} page */
async function held(page) {
  const query = { dataset: page.dataset, split: "test", limit: MOST_ROWS };
  if (page.judge) {
    // Where one of its rows cannot be predicted, as training left it out, none are.
    const found = await get(`${page.address}/predictions`, { ...query, dataset: page.judge, split: "all" }).catch(noneWhere422);
    return { found, split: "judge" };
  }
  const found = await get(`${page.address}/predictions`, query);
  if (found.total) return { found, split: "test" };
  return { found: await get(`${page.address}/predictions`, { ...query, split: "all" }), split: "all" };
}

/**
 * @param {HTMLElement} place
 * @param {any} found
 * @param {string} words
 */
function showErrors(place, found, words) {
  const points = found.predictions
    .map((/** @type {number[]} */ row, /** @type {number} */ order) => ({ predicted: row[0], error: found.residual[order][0] }))
    .filter((/** @type {any} */ point) => Number.isFinite(point.error));
  const output = found.outputs[0];
  const drawn = chart(`Errors of ${points.length} ${words}, by prediction`,
    { words: `predicted ${output}`, values: points.map((/** @type {any} */ point) => point.predicted) },
    { words: "actual − predicted", values: points.map((/** @type {any} */ point) => point.error), includes: 0 });
  const here = svg("line", { class: "here", y1: 12, y2: 196, visibility: "hidden" });
  drawn.marks.append(here,
    svg("line", { class: "axis", x1: 64, x2: 428, y1: drawn.y(0), y2: drawn.y(0) }),
    ...points.map((/** @type {any} */ point) => svg("circle", { class: "point", r: 2.5, cx: drawn.x(point.predicted), cy: drawn.y(point.error) })));
  const near = element("p", { role: "status" });
  place.replaceChildren(
    element("p", { class: "quiet" }, `Errors of ${points.length} ${words}; the line is the prediction above.`), drawn.picture, near);
  onPrediction((answer) => {
    near.hidden = !answer;
    here.setAttribute("visibility", "hidden");
    if (!answer) return;
    const [[value]] = answer.predictions;
    near.textContent = nearby(points, value);
    here.setAttribute("visibility", "visible");
    for (const end of ["x1", "x2"]) here.setAttribute(end, String(Math.min(Math.max(drawn.x(value), 64), 428)));
  });
}

/**
 * Says how large errors are where predictions are like this one.
 * @param {{predicted: number, error: number}[]} points
 * @param {number} value
 */
function nearby(points, value) {
  const nearest = [...points].sort((a, b) => Math.abs(a.predicted - value) - Math.abs(b.predicted - value)).slice(0, NEAREST);
  const errors = nearest.map((point) => Math.abs(point.error)).sort((a, b) => a - b);
  const most = errors.at(-1) ?? 0, typical = errors[Math.floor(errors.length / 2)] ?? 0;
  return `Of the ${nearest.length} rows predicted most like this, half are off by at most ${number(rounded(typical))}, all by at most ${number(rounded(most))}.`;
}

/** @param {number} value */
function rounded(value) {
  return Number(value.toPrecision(3));
}

/**
 * @param {HTMLElement} place
 * @param {any} found
 * @param {string} words
 */
function showConfusion(place, found, words) {
  const { classes } = found;
  const counts = classes.map(() => classes.map(() => 0));
  found.actual.forEach((/** @type {string[]} */ [actual], /** @type {number} */ row) => {
    const is = classes.indexOf(actual), said = classes.indexOf(found.predictions[row][0]);
    if (is >= 0 && said >= 0) counts[is][said] += 1;
  });
  const rows = counts.map((/** @type {number[]} */ row, /** @type {number} */ is) => {
    const all = row.reduce((sum, count) => sum + count, 0);
    return [classes[is], ...row.map(String), all ? percent((row[is] ?? 0) / all) : "–"];
  });
  const heads = /** @type {[string, string?][]} */ ([["is ↓ said →"], ...classes.map((/** @type {string} */ name) => [name, "n"]), ["right", "n"]]);
  place.replaceChildren(
    element("p", { class: "quiet" }, `What ${found.actual.length} ${words} were taken for.`), table("Confusion", heads, rows));
}
