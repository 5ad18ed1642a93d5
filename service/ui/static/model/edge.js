/** One edge: its curve on axes, where the data are, functions that it looks like, and what can be done to it. */

import { get, send } from "../js/api.js";
import { callPanel } from "../js/call.js";
import { byId, element, table } from "../js/elements.js";
import { edit } from "./change.js";
import { picture } from "./network.js";

const CANDIDATES = 8;

/**
 * Shows an edge in its panel.
 * @param {import("./page.js").Page} page
 * @param {string} place layer, source and target, as in "0,1,2"
 */
export async function openEdge(page, place) {
  const path = `${page.address}/activations/${place.replaceAll(",", "/")}`, content = byId("edge-content");
  content.replaceChildren(element("p", { class: "quiet" }, "Reading the curve …"));
  const curve = await drawing(path);
  if (page.kept.edge !== place || !content.isConnected) return;
  const { name, kind } = said(curve), isSpline = kind === "spline";
  byId("edge-title").textContent = name.replace(" to ", " → ");
  byId("news").textContent = `${name}, ${kind}: its curve and what can be done to it`;
  const candidates = element("div", {}, isSpline && element("p", { class: "quiet" }, "Looking for functions that it looks like …"));
  content.replaceChildren(
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Curve of ${name}` }, curve),
    actions(page, place, kind),
    candidates,
    callPanel({ method: "GET", path: isSpline ? `${path}/suggestions` : `${path}.svg` }),
  );
  for (const after of page.opened) after();
  if (!isSpline) return;
  const [found, library] = await Promise.all([suggestions(path), get("/v1/functions")]);
  candidates.replaceChildren(candidateTable(page, place, found), otherFunction(page, place, library.data));
}

/**
 * Gives what the picture of an edge says of it.
 * @param {Element} curve
 */
function said(curve) {
  const words = /^(.*), (spline|symbolic|levels|pruned)\b.*$/s.exec(curve.getAttribute("aria-label") ?? "");
  return { name: words?.[1] ?? "", kind: words?.[2] ?? "spline" };
}

/** @param {string} path */
async function drawing(path) {
  const answer = await send("GET", `${path}.svg`, { query: { theme: "auto" }, headers: { Accept: "image/svg+xml" } });
  return picture(await answer.text());
}

/** @param {string} path */
async function suggestions(path) {
  return (await get(`${path}/suggestions`, { limit: CANDIDATES })).data;
}

/**
 * @param {import("./page.js").Page} page
 * @param {string} place
 * @param {string} kind
 */
function actions(page, place, kind) {
  const button = (/** @type {string} */ words, /** @type {string} */ op) =>
    element("button", { type: "button", "data-op": op, onclick: () => edit(page, operation(op, place), words) }, words);
  return element("p", { class: "row" },
    kind === "pruned" ? button("Restore", "restore_edge") : button("Prune", "prune_edge"),
    kind === "symbolic" && button("Back to the spline", "unfix"));
}

/**
 * @param {import("./page.js").Page} page
 * @param {string} place
 * @param {{function: string, text: string, r2: number, complexity: number}[]} found
 */
function candidateTable(page, place, found) {
  if (!found.length) return element("p", { class: "quiet" }, "Its curve never changes: no function is like it. Prune it.");
  const rows = found.map((item, order) => [
    element("code", { title: item.text }, item.function),
    item.r2.toFixed(4),
    String(item.complexity),
    element("button", {
      type: "button", class: order ? "small" : "small primary", "data-function": item.function,
      "aria-label": `Snap to ${item.function}`,
      onclick: () => edit(page, { ...operation("fix_symbolic", place), function: item.function }, `Snap to ${item.function}`),
    }, "Snap"),
  ]);
  return table("Functions that it looks like", [["Looks like"], ["R²", "n"], ["Size", "n"], ["Use"]], rows);
}

/**
 * Gives the whole library to choose from, those that users added too.
 * @param {import("./page.js").Page} page
 * @param {string} place
 * @param {{name: string, text: string}[]} library
 */
function otherFunction(page, place, library) {
  const choice = element("select", { id: "other", "aria-label": "Another function" },
    ...library.map((item) => element("option", { value: item.name }, item.text)));
  const snap = () => edit(page, { ...operation("fix_symbolic", place), function: choice.value }, `Snap to ${choice.value}`);
  return element("p", { class: "row" }, choice, element("button", { type: "button", onclick: snap }, "Snap to this"));
}

/**
 * @param {string} op
 * @param {string} place
 */
function operation(op, place) {
  const [layer, source, target] = place.split(",").map(Number);
  return { op, layer, source, target };
}
