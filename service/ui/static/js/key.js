/** The API key: typed once, kept in this tab's sessionStorage, sent as a header, never part of an address. */

import { byId, element } from "./elements.js";

const NAME = "kan-key";
/** @type {Promise<string | null> | null} */
let asking = null;

/** @returns {string | null} the key of this tab */
export function storedKey() {
  return sessionStorage.getItem(NAME);
}

/** Forgets the key and shows the page anew. */
export function forgetKey() {
  sessionStorage.removeItem(NAME);
  location.reload();
}

/**
 * Asks for a key, once however many calls wait for it; who closes the question is not asked again on this page.
 * @param {string} why a sentence from the server
 * @returns {Promise<string | null>} the key; null where none was given
 */
export function askForKey(why) {
  asking ??= new Promise((resolve) => showQuestion(why, resolve)).then((key) => {
    if (key !== null) asking = null;
    return key;
  });
  return asking;
}

/**
 * @param {string} why
 * @param {(key: string | null) => void} answer
 */
function showQuestion(why, answer) {
  const field = element("input", { id: "key", type: "password", autocomplete: "off", spellcheck: "false", required: true });
  const form = element("form", { method: "dialog" },
    element("h2", { id: "key-title" }, "This server asks for a key"),
    element("p", {}, why),
    element("div", { class: "field" }, element("label", { for: "key" }, "API key"), field),
    element("p", { class: "quiet small" }, "It stays in this tab and is gone when you close it. ",
      element("code", {}, "kan keys create"), " makes one."),
    element("button", { class: "primary" }, "Go on"));
  const dialog = element("dialog", { "aria-labelledby": "key-title" }, form);
  field.addEventListener("input", () => field.setCustomValidity(""));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const key = field.value.trim();
    // Such as a quotation mark that was copied along, which no header may hold.
    field.setCustomValidity(/^[\w.-]+$/.test(key) ? "" : "A key has letters, digits, _, . and - alone.");
    if (!field.reportValidity()) return;
    sessionStorage.setItem(NAME, key);
    dialog.remove();
    showForget();
    answer(key);
  });
  // By Escape; a dialog that was removed says nothing.
  dialog.addEventListener("close", () => {
    dialog.remove();
    byId("tools").append(element("button", { onclick: () => location.reload() }, "Give a key"));
    answer(null);
  });
  document.body.append(dialog);
  dialog.showModal();
}

function showForget() {
  if (!storedKey() || document.getElementById("forget-key")) return;
  byId("tools").append(element("button", { id: "forget-key", onclick: forgetKey }, "Forget the key"));
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", showForget);
else showForget();
