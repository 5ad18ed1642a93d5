/** Edits make drafts: what an edit changed is shown at once; undo goes back to the version it was made from. */

import { post, Problem } from "../js/api.js";
import { byId } from "../js/elements.js";

const CHANGING = "#edge button, #publish, #versions button";

/** @param {import("./page.js").Page} page */
export function startChange(page) {
  const undo = /** @type {HTMLAnchorElement | null} */ (document.getElementById("undo"));
  undo?.addEventListener("click", (event) => {
    event.preventDefault();
    page.visit(`/models/${page.model}?version=${undo.dataset.of}`, `Back to version ${undo.dataset.of}`).catch(page.fail);
  });
  document.getElementById("publish")?.addEventListener("click", () => publish(page));
}

/**
 * Makes a draft of this version with one operation done, and shows it.
 * @param {import("./page.js").Page} page
 * @param {Record<string, unknown>} operation
 * @param {string} words
 */
export async function edit(page, operation, words) {
  await change(page, async () => {
    const made = await post(`${page.address}/edits`, { operations: [operation] });
    await page.visit(`/models/${page.model}?version=${made.version}`, `${words}: draft ${made.version}`);
  });
}

/** @param {import("./page.js").Page} page */
async function publish(page) {
  await change(page, async () => {
    await post(`${page.address}/publish`);
    await page.visit(`/models/${page.model}?version=${page.version}`, `Version ${page.version} is published`);
  });
}

/**
 * Makes one change at a time, so that a second click makes no second draft; a refusal is shown.
 * @param {import("./page.js").Page} page
 * @param {() => Promise<void>} act
 */
export async function change(page, act) {
  if (page.isChanging) return;
  const edge = byId("edge"), focused = document.activeElement;
  const buttons = /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll(CHANGING));
  page.isChanging = true;
  edge.setAttribute("aria-busy", "true");
  for (const button of buttons) button.disabled = true;
  try {
    await act();
  } catch (error) {
    page.fail(explained(error, page));
  }
  page.isChanging = false;
  edge.removeAttribute("aria-busy");
  for (const button of buttons) button.disabled = false;
  // A disabled button has lost the focus; where another version is shown it is gone.
  if (edge.isConnected && focused instanceof HTMLElement) focused.focus({ preventScroll: true });
}

/**
 * Gives a refusal with what to do about it.
 * @param {unknown} error
 * @param {import("./page.js").Page} page
 */
function explained(error, page) {
  if (!(error instanceof Problem)) return error;
  const next = {
    404: "The model was deleted meanwhile, or what was asked of it is not there any more. Load the page again.",
    410: `Version ${page.version} was deleted meanwhile. Choose another one in the list of versions.`,
    409: "Somebody else uses or changes it at this moment. Load the page again to see how it is now.",
    412: "Somebody changed it since this page was loaded. Load the page again, look, and then decide.",
  }[error.status];
  if (next) error.message = `${error.message}. ${next}`.replace("..", ".");
  return error;
}
