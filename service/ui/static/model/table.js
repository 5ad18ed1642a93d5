/** Predictions of a table: a CSV file goes up, a CSV file with the answers comes back. */

import { send } from "../js/api.js";
import { byId, element } from "../js/elements.js";
import { problemBox } from "../js/problems.js";

/** @param {import("./page.js").Page} page */
export function startTable(page) {
  const field = /** @type {HTMLInputElement} */ (byId("upload"));
  byId("uploading").hidden = false;
  field.addEventListener("change", async () => {
    const file = field.files?.[0], place = byId("upload-answer");
    if (!file) return;
    place.replaceChildren(`Predicting for ${file.name} …`);
    try {
      const headers = { "Content-Type": "text/csv", Accept: "text/csv" };
      const answer = await send("POST", `${page.address}/predict`, { body: file, headers });
      place.replaceChildren(...download(await answer.text(), file.name));
    } catch (error) {
      place.replaceChildren(problemBox(error));
    }
    field.value = "";
  });
}

/**
 * @param {string} text
 * @param {string} name
 */
function download(text, name) {
  const rows = text.trimEnd().split("\n").length - 1;
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const file = `${name.replace(/\.csv$/i, "")}-predictions.csv`;
  return [`${rows} predictions: `, element("a", { href: address, download: file }, `save ${file}`)];
}
