/** The network as a diagram or a matrix, with as many edges as wanted, on scales of their own or a shared one. */

import { send } from "../js/api.js";
import { byId } from "../js/elements.js";

const PATIENCE_MS = 150;

/** @param {import("./page.js").Page} page */
export function startNetwork(page) {
  const controls = byId("views");
  controls.hidden = false;
  const { all, first } = countOfEdges();
  const chosen = { view: page.view, top: first, shared: false, pruned: false };
  const redraw = delayed(() => draw(page, chosen, all).catch(page.fail));

  for (const button of viewButtons(controls)) {
    button.addEventListener("click", () => {
      chosen.view = button.dataset.view ?? "diagram";
      mark(controls, chosen.view);
      byId("beside").classList.toggle("wide", chosen.view === "matrix");
      redraw();
    });
  }
  mark(controls, chosen.view);
  document.getElementById("top")?.addEventListener("input", (event) => {
    chosen.top = Number(/** @type {HTMLInputElement} */ (event.target).value);
    const output = controls.querySelector("output");
    if (output) output.value = String(chosen.top);
    redraw();
  });
  for (const id of /** @type {const} */ (["shared", "pruned"])) {
    byId(id).addEventListener("change", (event) => {
      chosen[id] = /** @type {HTMLInputElement} */ (event.target).checked;
      redraw();
    });
  }
  const find = /** @type {HTMLInputElement} */ (byId("find"));
  const search = () => showFound(find.value.trim().toLowerCase());
  find.addEventListener("input", search);
  page.drawn.push(search);
}

/**
 * @param {import("./page.js").Page} page
 * @param {{view: string, top: number, shared: boolean, pruned: boolean}} chosen
 * @param {number} all
 */
async function draw(page, chosen, all) {
  const query = {
    theme: "auto",
    view: chosen.view,
    points: page.points,
    top: chosen.top < all ? chosen.top : null,
    y_scale: chosen.shared ? "shared" : null,
    pruned: chosen.pruned ? "true" : null,
  };
  const answer = await send("GET", `${page.address}/plot.svg`, { query, headers: { Accept: "image/svg+xml" } });
  byId("picture").replaceChildren(picture(await answer.text()));
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

/**
 * @param {HTMLElement} controls
 * @param {string} view
 */
function mark(controls, view) {
  for (const button of viewButtons(controls)) button.setAttribute("aria-pressed", String(button.dataset.view === view));
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
