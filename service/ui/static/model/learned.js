/** What it learned: how much each input moves the answer, and which of them work together. */

import { get } from "../js/api.js";
import { byId, element } from "../js/elements.js";
import { bars } from "./bars.js";
import { percent } from "../js/words.js";

const SHOWN = 6;
// Shares below are the noise of the sample they are measured on.
const LEAST = 0.005;

/** @param {import("./page.js").Page} page */
export async function startLearned(page) {
  if (!page.dataset) return;
  const place = byId("interactions"), found = await get(`${page.address}/importance`);
  if (!place.isConnected) return;
  const effects = found.columns
    .map((/** @type {any} */ each) => ({ name: each.column, value: Math.max(...each.effect) }))
    .sort(bySize).slice(0, SHOWN);
  const pairs = found.interactions
    .map((/** @type {any} */ each) => ({ name: each.columns.join(" × "), value: Math.max(...each.share) }))
    .filter((/** @type {any} */ each) => each.value >= LEAST).sort(bySize).slice(0, SHOWN);
  place.replaceChildren(
    element("h3", {}, "If an input had its value from another row"),
    element("p", { class: "quiet" }, `so much of the answer's variance would come from it (${found.rows} training rows).`),
    bars("Effects", effects.map(inPercent)),
    element("h3", {}, "Together"),
    pairs.length
      ? bars("Interactions", pairs.map(inPercent))
      : element("p", { class: "quiet" }, "No two inputs work together: what each does is simply added."));
}

/** @param {{name: string, value: number}} item */
function inPercent(item) {
  return { ...item, words: percent(item.value) };
}

/**
 * @param {{value: number}} a
 * @param {{value: number}} b
 */
function bySize(a, b) {
  return b.value - a.value;
}
