/** The call behind every panel, in each language. */

import { callPanel } from "../js/call.js";

/** Puts the full panel in the place of every line of curl that the server wrote. */
export function startCalls() {
  for (const place of document.querySelectorAll("details.call[data-path]")) showCall(/** @type {HTMLElement} */ (place));
}

/**
 * Shows the call that an element names.
 * @param {HTMLElement} place
 * @param {unknown} [json] in the place of the body that the server wrote
 */
export function showCall(place, json) {
  const { method = "GET", path = "", file, command } = place.dataset;
  const body = json ?? (place.dataset.json ? JSON.parse(place.dataset.json) : undefined);
  const made = callPanel({
    method, path, command, json: body,
    file: file ? { name: file, type: "text/csv" } : undefined,
    accept: file ? "text/csv" : undefined,
  });
  made.id = place.id;
  Object.assign(made.dataset, place.dataset);
  made.open = /** @type {HTMLDetailsElement} */ (place).open;
  place.replaceWith(made);
}
