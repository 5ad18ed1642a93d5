/** Form fields that know where in the request they stand, so that a refusal is shown beside the field it is about. */

import { Problem } from "./api.js";
import { element } from "./elements.js";

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */

/**
 * Gives a control with its label and a place for what is wrong with it.
 * @param {string} label
 * @param {string} pointer JSON pointer into the request
 * @param {Control} control
 * @param {string} [hint]
 */
export function field(label, pointer, control, hint) {
  control.id = `field${pointer.replaceAll("/", "-")}`;
  control.setAttribute("aria-describedby", `${control.id}-wrong`);
  return element("div", { class: "field", "data-pointer": pointer },
    element("label", { for: control.id }, label), control,
    hint && element("span", { class: "quiet small" }, hint),
    element("span", { id: `${control.id}-wrong`, class: "error small wrong" }));
}

/**
 * Gives several choices of one kind with a name for all.
 * @param {string} label
 * @param {string} pointer
 * @param {...Node} choices
 */
export function group(label, pointer, ...choices) {
  return element("fieldset", { class: "field", "data-pointer": pointer },
    element("legend", { class: "label" }, label), ...choices, element("span", { class: "error small wrong" }));
}

/**
 * Shows what is wrong beside the fields; gives what no field is about.
 * @param {HTMLElement} form
 * @param {unknown} error null clears
 * @returns {import("./api.js").Fault[]}
 */
export function showFaults(form, error) {
  for (const place of form.querySelectorAll("[data-pointer]")) clear(place);
  if (!(error instanceof Problem)) return [];
  return error.errors.filter((fault) => {
    const place = nearest(form, fault.pointer);
    if (place) mark(place, place.getAttribute("data-pointer") === fault.pointer ? fault.message : `${fault.pointer}: ${fault.message}`);
    return !place;
  });
}

/** @param {Element} place */
function clear(place) {
  const wrong = place.querySelector(".wrong");
  if (wrong) wrong.textContent = "";
  for (const control of place.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

/**
 * @param {Element} place
 * @param {string} message
 */
function mark(place, message) {
  const wrong = place.querySelector(".wrong");
  if (wrong) wrong.textContent = [wrong.textContent, message].filter(Boolean).join("; ");
  place.querySelector("input, select, textarea")?.setAttribute("aria-invalid", "true");
  const fold = place.closest("details");
  if (fold) fold.open = true;
}

/**
 * Finds the field at a pointer, or the nearest one around it.
 * @param {HTMLElement} form
 * @param {string} pointer
 */
function nearest(form, pointer) {
  for (let rest = pointer; rest; rest = rest.slice(0, rest.lastIndexOf("/"))) {
    const found = form.querySelector(`[data-pointer="${CSS.escape(rest)}"]`);
    if (found) return found;
  }
  return null;
}
