/** The network as a diagram or a matrix, with as many edges as wanted, on scales of their own or a shared one. */

import { send } from "../js/api.js";
import { byId } from "../js/elements.js";

const PATIENCE_MS = 150;
let drawings = 0;

/**
 * How the network is drawn.
 * @typedef {{view: string, top: number, shared: boolean, pruned: boolean}} Drawing
 */

/** @param {import("./page.js").Page} page */
export function startNetwork(page) {
  const controls = byId("views"), figure = byId("picture"), { all, first } = countOfEdges();
  controls.hidden = false;
  const drawing = () => ({ view: page.view, top: first, shared: false, pruned: false, ...page.kept.drawing });
  const redraw = delayed(() => draw(page, figure, drawing(), all).catch(page.fail));
  const change = (/** @type {Partial<Drawing>} */ wanted) => {
    Object.assign(page.kept.drawing, wanted);
    show(controls, drawing());
    redraw();
  };
  for (const button of viewButtons(controls)) button.addEventListener("click", () => change({ view: button.dataset.view }));
  for (const id of ["top", "shared", "pruned"]) {
    document.getElementById(id)?.addEventListener("input", (event) => {
      const input = /** @type {HTMLInputElement} */ (event.target);
      change({ [id]: id === "top" ? Number(input.value) : input.checked });
    });
  }
  show(controls, drawing());
  const find = /** @type {HTMLInputElement} */ (byId("find"));
  const search = () => showFound(find.value.trim().toLowerCase());
  find.addEventListener("input", search);
  page.drawn.push(search);
  // What was chosen for the version before holds for this one.
  if (Object.keys(page.kept.drawing).length) redraw();
}

/**
 * @param {HTMLElement} controls
 * @param {Drawing} drawing
 */
function show(controls, drawing) {
  for (const button of viewButtons(controls)) button.setAttribute("aria-pressed", String(button.dataset.view === drawing.view));
  byId("beside").classList.toggle("wide", drawing.view === "matrix");
  for (const id of /** @type {const} */ (["shared", "pruned"])) {
    /** @type {HTMLInputElement} */ (byId(id)).checked = drawing[id];
  }
  const slider = /** @type {HTMLInputElement | null} */ (document.getElementById("top"));
  if (!slider) return;
  slider.value = String(drawing.top);
  const output = controls.querySelector("output");
  if (output) output.value = slider.value;
}

/**
 * @param {import("./page.js").Page} page
 * @param {HTMLElement} figure
 * @param {Drawing} chosen
 * @param {number} all
 */
async function draw(page, figure, chosen, all) {
  const mine = ++drawings;
  const query = {
    theme: "auto",
    view: chosen.view,
    points: page.points,
    top: chosen.top < all ? chosen.top : null,
    y_scale: chosen.shared ? "shared" : null,
    pruned: chosen.pruned ? "true" : null,
  };
  const answer = await send("GET", `${page.address}/plot.svg`, { query, headers: { Accept: "image/svg+xml" } });
  const text = await answer.text();
  // A large picture may come after a small one that was asked for later.
  if (!figure.isConnected || mine !== drawings) return;
  figure.replaceChildren(picture(text));
  for (const after of page.drawn) after();
}

/**
 * Gives a picture of the API as an element; as XML, so that nothing in it can be anything but a picture.
 * @param {string} text
 */
export function picture(text) {
  return document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
}

/**
 * Gives the edges that the picture shows.
 * @returns {SVGGElement[]}
 */
export function drawnEdges() {
  return [.../** @type {NodeListOf<SVGGElement>} */ (byId("picture").querySelectorAll("[data-edge]"))];
}

/**
 * Gives an edge in words without its numbers, such as "age to h1".
 * @param {Element} edge
 */
export function edgeName(edge) {
  return (edge.getAttribute("aria-label") ?? "").replace(/, importance .*$/s, "");
}

/** @param {string} wanted */
function showFound(wanted) {
  let count = 0;
  const edges = drawnEdges();
  for (const edge of edges) {
    const isHit = wanted !== "" && edgeName(edge).toLowerCase().includes(wanted);
    count += isHit ? 1 : 0;
    edge.classList.toggle("aside", wanted !== "" && !isHit);
    const link = byId("picture").querySelector(`[data-link="${edge.dataset.edge}"]`);
    link?.classList.toggle("aside", wanted !== "" && !isHit);
  }
  byId("found").textContent = wanted ? `${count} of ${edges.length} edges belong to “${wanted}”` : "";
}

/** @param {HTMLElement} controls */
function viewButtons(controls) {
  return /** @type {NodeListOf<HTMLButtonElement>} */ (controls.querySelectorAll("button[data-view]"));
}

/** Gives how many edges there are to draw, and how many are drawn at first. */
function countOfEdges() {
  const slider = /** @type {HTMLInputElement | null} */ (document.getElementById("top"));
  return { all: Number(slider?.max ?? 1), first: Number(slider?.value ?? 1) };
}

/** @param {() => void} act */
function delayed(act) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(act, PATIENCE_MS);
  };
}
