/** The Models page: every model with the picture of its latest version, fetched with the key where one is needed. */

import { get, send } from "./api.js";
import { callPanel } from "./call.js";
import { byId, element } from "./elements.js";
import { problemBox } from "./problems.js";
import { number, when } from "./words.js";

const PAGE = 24;
const home = byId("models");
/** @type {string[]} addresses of the pictures that are shown, to be given back */
let shown = [];

/** @param {string} [after] */
async function showPage(after) {
  try {
    const found = await get("/v1/models", { limit: PAGE, after });
    for (const picture of shown) URL.revokeObjectURL(picture);
    shown = [];
    home.replaceChildren(
      found.data.length ? element("ul", { class: "cards" }, ...found.data.map(card)) : nothing(),
      element("div", { class: "row" },
        after && element("button", { type: "button", onclick: () => showPage() }, "Newest"),
        found.next_cursor && element("button", { type: "button", onclick: () => showPage(found.next_cursor) }, "Older")),
      callPanel({ method: "GET", path: "/v1/models", query: { limit: PAGE, after } }));
  } catch (error) {
    home.replaceChildren(problemBox(error));
  }
}

function nothing() {
  return element("p", { class: "quiet" }, "No model yet: ", element("a", { href: "/train" }, "a training"), " makes one.");
}

/** @param {any} model */
function card(model) {
  const { name, latest } = model;
  const link = (/** @type {(Node | string)[]} */ ...words) => element("a", { href: `/models/${name}` }, ...words);
  if (!latest) return element("li", {}, element("h2", {}, link(name)), element("p", { class: "quiet" }, "only drafts"));
  const picture = element("img", { alt: `Network of ${name}` });
  showPicture(picture, `/v1/models/${name}/versions/${latest.version}/plot.svg`);
  return element("li", {},
    element("h2", {}, link(name)),
    element("p", {}, `version ${latest.version}, ${when(latest.created_at)}; ${number(model.versions)} in all`),
    link(picture));
}

/**
 * An <img> cannot show a key, so its picture comes by fetch.
 * @param {HTMLImageElement} image
 * @param {string} path
 */
async function showPicture(image, path) {
  try {
    const answer = await send("GET", path, { query: { theme: theme(), top: 20 }, headers: { Accept: "image/svg+xml" } });
    image.src = URL.createObjectURL(await answer.blob());
    shown.push(image.src);
  } catch {
    image.replaceWith(element("span", { class: "quiet" }, "no picture"));
  }
}

/** A picture knows nothing of the page's choice: it is asked for in the colours of now. */
function theme() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

document.addEventListener("kan-theme", () => showPage());
showPage();
