/** Formulas of growing size against their error on held-out rows. */

import { get } from "../js/api.js";
import { byId, element, svg, table } from "../js/elements.js";
import { number } from "../js/words.js";
import { chart } from "./chart.js";

/** @param {import("./page.js").Page} page */
export async function startPareto(page) {
  if (!page.hasFormula) return;
  const place = byId("pareto");
  const [front] = (await get(`${page.address}/pareto`)).outputs;
  const points = front.formulas.filter((/** @type {any} */ each) => each.rmse !== null);
  if (!points.length || !place.isConnected) return;
  place.replaceChildren(
    element("h3", {}, "Size against error"),
    element("p", { class: "quiet" }, `Formulas of ${front.output} on ${front.held_out_rows} held-out rows${front.against === "network" ? ", against the network" : ""}; filled: the simplest that is nearly as good as the best.`),
    drawing(front, points), list(points));
}

/**
 * @param {any} front
 * @param {any[]} points
 */
function drawing(front, points) {
  const errors = points.map((point) => point.rmse), isLog = Math.min(...errors) > 0;
  const { picture, marks, x, y } = chart(`Size against error of ${points.length} formulas`,
    { words: "names, numbers and operations", values: points.map((point) => point.complexity) },
    { words: front.units ? `RMSE, ${front.units}` : "RMSE", values: errors, isLog });
  marks.append(
    svg("polyline", { class: "line", points: points.map((point) => `${x(point.complexity)} ${y(point.rmse)}`).join(" ") }),
    ...points.map((point) => svg("circle", { class: point.chosen ? "point chosen" : "point open", r: 5, cx: x(point.complexity), cy: y(point.rmse) },
      svg("title", {}, point.text))));
  return picture;
}

/** @param {any[]} points */
function list(points) {
  const rows = points.map((point) => [
    String(point.complexity), number(point.rmse),
    element("code", {}, point.text), point.chosen ? "chosen" : "",
  ]);
  return element("details", {}, element("summary", {}, `The ${points.length} formulas`),
    table("Formulas of growing size", [["Size", "n"], ["RMSE", "n"], ["Formula", "text"], [""]], rows));
}
