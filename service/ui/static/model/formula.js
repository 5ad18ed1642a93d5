/** The formula, to take home: copied as LaTeX, Python, C or text, as the API writes it. */

import { send } from "../js/api.js";
import { copyButton } from "../js/call.js";

/** @param {import("./page.js").Page} page */
export function startFormula(page) {
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("a[data-copy]"))) {
    const notation = link.dataset.copy ?? "text";
    const button = copyButton(() => written(page, notation).catch(failing(page)), link.textContent ?? "Copy");
    button.dataset.copy = notation;
    link.replaceWith(button);
  }
}

/**
 * @param {import("./page.js").Page} page
 * @param {string} notation
 */
async function written(page, notation) {
  const answer = await send("GET", `${page.address}/formula`, { query: { format: notation }, headers: { Accept: "*/*" } });
  return (await answer.text()).trimEnd();
}

/** @param {import("./page.js").Page} page */
function failing(page) {
  return (/** @type {unknown} */ error) => {
    page.fail(error);
    throw error;
  };
}
