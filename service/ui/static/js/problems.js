/** Shows a refusal where the person looks: a sentence, the places, the request's id. */

import { Problem } from "./api.js";
import { element } from "./elements.js";

/**
 * Gives a box that says what went wrong.
 * @param {unknown} error
 * @param {{places?: boolean}} [options] places: list what is wrong where
 */
export function problemBox(error, { places = true } = {}) {
  const found = error instanceof Problem ? error : new Problem(0, { detail: String(error) });
  const listed = places ? found.errors : [];
  return element("div", { class: "problem", role: "alert" },
    element("p", { class: "error" }, found.message),
    listed.length > 0 && element("ul", {}, ...listed.map((fault) => element("li", {}, fault.message))),
    found.requestId && element("p", { class: "quiet small" }, "request ", element("code", {}, found.requestId)));
}
