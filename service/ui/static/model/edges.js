/** Edges to choose from: by mouse, and by keyboard as one stop of the Tab key with arrows between them. */

import { byId } from "../js/elements.js";
import { openEdge } from "./edge.js";
import { drawnEdges } from "./network.js";

const STEPS = /** @type {Record<string, [number, number]>} */ ({
  ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1],
});
// How much more a step to the side counts than one ahead.
const ASIDE = 3;

/** @param {import("./page.js").Page} page */
export function startEdges(page) {
  const figure = byId("picture");
  figure.addEventListener("click", (event) => choose(page, edgeAt(event)));
  figure.addEventListener("keydown", (event) => {
    const edge = edgeAt(event);
    if (!edge) return;
    const step = STEPS[event.key];
    if (event.key === "Enter" || event.key === " ") choose(page, edge);
    else if (event.key === "Home" || event.key === "End") focus(drawnEdges().at(event.key === "Home" ? 0 : -1));
    else if (step) focus(neighbour(edge, step));
    else return;
    event.preventDefault();
  });
  const next = document.getElementById("next");
  if (next) next.hidden = false;
  next?.addEventListener("click", () => open(page, next.dataset.place ?? ""));
  const prepare = () => {
    for (const edge of drawnEdges()) edge.setAttribute("role", "button");
    mark(page.kept.edge);
  };
  page.drawn.push(prepare);
  prepare();
  if (!page.kept.edge || !hasEdge(page, page.kept.edge)) return undefined;
  rove(page.kept.edge);
  return openEdge(page, page.kept.edge);
}

/**
 * Says whether the network has an edge, pruned or not: another version may have another shape.
 * @param {import("./page.js").Page} page
 * @param {string} place
 */
function hasEdge(page, place) {
  const [layer = 0, source = 0, target = 0] = place.split(",").map(Number);
  const [inputs, sums] = page.shape[layer] ?? [0, 0];
  return source < inputs && target < sums;
}

/**
 * @param {import("./page.js").Page} page
 * @param {SVGGElement | null} edge
 */
function choose(page, edge) {
  if (edge?.dataset.edge) open(page, edge.dataset.edge);
}

/**
 * @param {import("./page.js").Page} page
 * @param {string} place
 */
function open(page, place) {
  page.kept.edge = place;
  mark(place);
  rove(place);
  const panel = byId("edge");
  openEdge(page, place).then(() => panel.scrollIntoView({ block: "nearest" })).catch(page.fail);
}

/** @param {string | null} chosen */
function mark(chosen) {
  for (const edge of drawnEdges()) {
    edge.setAttribute("aria-pressed", String(edge.dataset.edge === chosen));
    const link = byId("picture").querySelector(`[data-link="${edge.dataset.edge}"]`);
    link?.classList.toggle("chosen", edge.dataset.edge === chosen);
  }
}

/** @param {SVGGElement | undefined} edge */
function focus(edge) {
  if (!edge) return;
  rove(edge.dataset.edge ?? "");
  edge.focus();
}

/**
 * Makes an edge the one that the Tab key stops at, where the picture shows it.
 * @param {string} place
 */
function rove(place) {
  const edges = drawnEdges();
  if (!edges.some((edge) => edge.dataset.edge === place)) return;
  for (const edge of edges) edge.setAttribute("tabindex", edge.dataset.edge === place ? "0" : "-1");
}

/**
 * Gives the nearest edge in a direction.
 * @param {SVGGElement} from
 * @param {[number, number]} direction to the right, and down
 */
function neighbour(from, [right, down]) {
  const start = middle(from);
  /** @type {SVGGElement | undefined} */
  let best;
  let least = Infinity;
  for (const edge of drawnEdges()) {
    const [x, y] = middle(edge);
    const ahead = (x - start[0]) * right + (y - start[1]) * down;
    const aside = Math.abs((x - start[0]) * down) + Math.abs((y - start[1]) * right);
    const distance = ahead + ASIDE * aside;
    if (ahead > 1 && distance < least) [best, least] = [edge, distance];
  }
  return best;
}

/**
 * @param {SVGGElement} edge
 * @returns {[number, number]}
 */
function middle(edge) {
  const box = edge.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}

/** @param {Event} event */
function edgeAt(event) {
  return /** @type {SVGGElement | null} */ (/** @type {Element} */ (event.target).closest("[data-edge]"));
}
