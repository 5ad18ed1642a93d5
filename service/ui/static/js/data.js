/** The Data page: a table comes by a file, by drag and drop or as a sample; below, all data sets, page by page. */

import { get, send } from "./api.js";
import { callPanel } from "./call.js";
import { byId, element, table } from "./elements.js";
import { problemBox } from "./problems.js";
import { number, when } from "./words.js";

/** @typedef {{name: string, target: string, words: string}} Sample */

const PAGE = 50;
/** @type {Sample[]} */
const SAMPLES = [
  { name: "concrete", target: "compressive_strength", words: "How strong is concrete, from its mixture and age? 1,030 rows (I-C. Yeh, UCI, CC BY 4.0)" },
  { name: "penguins", target: "species", words: "Which penguin is it, from its sizes? 344 rows with missing values (palmerpenguins, CC0)" },
  { name: "knots", target: "signature", words: "A knot's signature, from its geometry. 4,574 rows (computed with SnapPy)" },
];

const said = element("div", { id: "upload-said", "aria-live": "polite" });

function showUpload() {
  const file = element("input", { id: "file", type: "file", accept: ".csv,.tsv,.txt,.json,.ndjson,.jsonl,.parquet" });
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    // A browser says nothing of a file that is chosen twice, such as one that was mended in between.
    file.value = "";
    if (chosen) upload(chosen);
  });
  const zone = element("div", { id: "drop", class: "drop" },
    element("label", { for: "file" }, "Drop a table here, or choose a file"), file,
    element("p", { class: "quiet small" }, "CSV with a header row, JSON, NDJSON or Parquet. One column is to be predicted, the others are what it is learnt from."));
  for (const name of ["dragenter", "dragover"]) zone.addEventListener(name, (event) => hover(event, zone, true));
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, (event) => hover(event, zone, false));
  zone.addEventListener("drop", (event) => event.dataTransfer?.files[0] && upload(event.dataTransfer.files[0]));
  byId("upload").append(
    element("div", { class: "panels" }, element("div", {}, zone, said), samples()),
    callPanel({ method: "POST", path: "/v1/datasets", query: { name: "my-table" }, file: { name: "my-table.csv", type: "text/csv" } }));
}

/**
 * @param {Event} event
 * @param {HTMLElement} zone
 * @param {boolean} isOver
 */
function hover(event, zone, isOver) {
  event.preventDefault();
  zone.classList.toggle("over", isOver);
}

function samples() {
  return element("div", {},
    element("h3", {}, "Or try with a sample"),
    ...SAMPLES.map((sample) => element("div", { class: "sample" },
      element("button", { type: "button", onclick: () => uploadSample(sample) }, sample.name),
      element("span", { class: "quiet small" }, sample.words))));
}

/** @param {File} file */
async function upload(file) {
  const form = new FormData();
  form.append("file", file);
  await add(file.name, "", () => send("POST", "/v1/datasets", { body: form }));
}

/** @param {Sample} sample */
async function uploadSample(sample) {
  await add(sample.name, sample.target, async () => {
    const content = await (await fetch(`/static/samples/${sample.name}.csv`)).blob();
    return send("POST", "/v1/datasets", { query: { name: sample.name }, body: content, headers: { "Content-Type": "text/csv" } });
  });
}

/**
 * Sends a table and goes to its page, or says what is wrong with it.
 * @param {string} name
 * @param {string} target
 * @param {() => Promise<Response>} sending
 */
async function add(name, target, sending) {
  said.replaceChildren(element("p", { class: "quiet" }, `Sending ${name} …`));
  try {
    const made = await (await sending()).json();
    // Who comes back finds the page as it was left.
    said.replaceChildren();
    location.assign(`/datasets/${made.id}${target && `?target=${encodeURIComponent(target)}`}`);
  } catch (error) {
    said.replaceChildren(element("p", {}, element("strong", {}, name), " was not added; nothing of it is kept."), problemBox(error));
  }
}

/** @param {string} [after] */
async function showList(after) {
  try {
    const found = await get("/v1/datasets", { limit: PAGE, after });
    byId("datasets").replaceChildren(
      found.data.length ? list(found.data) : element("p", { class: "quiet" }, "No data set yet."),
      element("div", { class: "row" },
        after && element("button", { type: "button", onclick: () => showList() }, "Newest"),
        found.next_cursor && element("button", { type: "button", onclick: () => showList(found.next_cursor) }, "Older")),
      callPanel({ method: "GET", path: "/v1/datasets", query: { limit: PAGE, after } }));
  } catch (error) {
    byId("datasets").replaceChildren(problemBox(error));
  }
}

/** @param {any[]} datasets */
function list(datasets) {
  return table("Data sets", [["Name", "text"], ["Rows", "n"], ["Columns", "n"], ["Added", "whole"], ["Next"]], datasets.map((dataset) => [
    element("a", { href: `/datasets/${dataset.id}` }, dataset.name),
    number(dataset.rows),
    number(dataset.columns.length),
    when(dataset.created_at),
    element("a", { href: `/train?dataset=${dataset.id}`, "aria-label": `Train on ${dataset.name}` }, "Train"),
  ]));
}

showUpload();
showList();
