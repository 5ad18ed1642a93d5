/** Edits make drafts: what an edit changed is shown at once; undo goes back to the version it was made from. */

import { post, Problem } from "../js/api.js";
import { byId } from "../js/elements.js";

/** @param {import("./page.js").Page} page */
export function startChange(page) {
  const undo = /** @type {HTMLAnchorElement | null} */ (document.getElementById("undo"));
  undo?.addEventListener("click", (event) => {
    event.preventDefault();
    page.visit(`/models/${page.model}?version=${undo.dataset.of}`, `Back to version ${undo.dataset.of}`).catch(page.fail);
  });
  document.getElementById("publish")?.addEventListener("click", () => publish(page).catch(page.fail));
}

/**
 * Makes a draft of this version with one operation done, and shows it.
 * @param {import("./page.js").Page} page
 * @param {Record<string, unknown>} operation
 * @param {string} words
 */
export async function edit(page, operation, words) {
  const edge = byId("edge");
  edge.setAttribute("aria-busy", "true");
  try {
    const made = await post(`${page.address}/edits`, { operations: [operation] });
    await page.visit(`/models/${page.model}?version=${made.version}`, `${words}: draft ${made.version}`);
  } catch (error) {
    page.fail(explained(error, page));
  } finally {
    edge.removeAttribute("aria-busy");
  }
}

/** @param {import("./page.js").Page} page */
async function publish(page) {
  try {
    await post(`${page.address}/publish`);
    await page.visit(`/models/${page.model}?version=${page.version}`, `Version ${page.version} is published`);
  } catch (error) {
    page.fail(explained(error, page));
  }
}

/**
 * Gives a refusal with what to do about it.
 * @param {unknown} error
 * @param {import("./page.js").Page} page
 */
export function explained(error, page) {
  if (!(error instanceof Problem)) return error;
  const next = {
    404: `Version ${page.version} was deleted meanwhile. Choose another one in the list of versions.`,
    409: "Somebody else uses or changes it at this moment. Load the page again to see how it is now.",
    412: "Somebody changed it since this page was loaded. Load the page again, look, and then decide.",
  }[error.status];
  if (next) error.message = `${error.message}. ${next}`.replace("..", ".");
  return error;
}
