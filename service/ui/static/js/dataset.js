/** One data set: every column with its type, its values and its role, and the way to a training with these roles. */

import { address, get } from "./api.js";
import { callPanel } from "./call.js";
import { byId, element, svg, table } from "./elements.js";
import { problemBox } from "./problems.js";
import { number, when } from "./words.js";

const REASONS = /** @type {Record<string, string>} */ ({
  constant: "every row has the same value",
  empty: "no row has a value",
  "id-like": "nearly every row has a text of its own, as a name or number of the row would be",
  date: "dates are not learnt from; a number, such as days since a start, would be",
  "free text": "free text is not learnt from",
});
const home = byId("dataset");
const asked = new URLSearchParams(location.search);

/** @param {any} dataset */
function show(dataset) {
  document.title = `${dataset.name} – kan-service`;
  const heading = document.querySelector("h1");
  if (heading) heading.textContent = dataset.name;
  const roles = dataset.columns.map((/** @type {any} */ column) => roleChoice(column, guessedTarget(dataset.columns)));
  const go = element("a", { class: "button primary" }, "Train with these roles");
  const meaning = element("span", { class: "quiet small", "aria-live": "polite" });
  const update = () => follow(go, meaning, dataset, roles);
  stepBack(roles);
  for (const role of roles) role?.addEventListener("change", update);
  update();
  home.replaceChildren(
    element("p", { class: "quiet" }, `${number(dataset.rows)} rows, ${number(dataset.columns.length)} columns, ${number(dataset.bytes)} bytes, ${when(dataset.created_at)}`),
    element("section", {},
      element("div", { class: "row ends" }, element("h2", {}, "Columns"), element("div", { class: "row" }, meaning, go)),
      table("Columns", [["Column", "text"], ["Role", "text"], ["Type"], ["Values"], ["Missing", "n"], ["Different", "n"], ["From", "n"], ["To", "n"]],
        dataset.columns.map((/** @type {any} */ column, /** @type {number} */ place) => cells(column, roles[place])))),
    callPanel({ method: "GET", path: `/v1/datasets/${dataset.id}` }));
}

/**
 * @param {any} column
 * @param {HTMLSelectElement | null} role
 */
function cells(column, role) {
  return [
    column.name,
    role ?? element("span", { class: "quiet" }, `ignored: ${REASONS[column.reason] ?? column.reason}`),
    column.type,
    picture(column),
    number(column.missing),
    number(column.distinct),
    number(column.min),
    number(column.max),
  ];
}

/**
 * Gives the small picture of a column's values: the histogram of numbers, the counts of the most frequent levels.
 * @param {any} column
 */
function picture(column) {
  const counts = column.histogram?.counts ?? column.levels?.slice(0, 20).map((/** @type {any} */ level) => level.count) ?? [];
  if (!counts.length) return null;
  const words = column.levels
    ? `Most frequent: ${column.levels.slice(0, 3).map((/** @type {any} */ level) => `${level.value} ${level.count}`).join(", ")}`
    : `Histogram from ${number(column.min)} to ${number(column.max)}`;
  const most = Math.max(...counts);
  const width = 96 / counts.length;
  const bars = counts.map((/** @type {number} */ count, /** @type {number} */ place) => {
    const height = count ? Math.max(1, (28 * count) / most) : 0;
    return svg("rect", { x: (place * width).toFixed(2), y: (28 - height).toFixed(2), width: (width * 0.9).toFixed(2), height: height.toFixed(2) });
  });
  return svg("svg", { class: "histogram", viewBox: "0 0 96 28", role: "img", "aria-label": words }, svg("title", {}, words), ...bars);
}

/**
 * @param {any[]} columns
 * @returns {string | undefined} what was asked for, else the last column that can be learnt
 */
function guessedTarget(columns) {
  return asked.get("target") ?? columns.filter((column) => column.type !== "ignored").at(-1)?.name;
}

/**
 * @param {any} column
 * @param {string | undefined} target
 */
function roleChoice(column, target) {
  if (column.type === "ignored") return null;
  const role = column.name === target ? "target" : "input";
  const options = ["input", "target", "ignore"].map((name) => element("option", { selected: name === role }, name));
  return element("select", { "aria-label": `Role of ${column.name}`, "data-column": column.name }, ...options);
}

/**
 * Lets the guessed target become an input when a person chooses another; what a person chose stays.
 * @param {(HTMLSelectElement | null)[]} roles
 */
function stepBack(roles) {
  let guess = roles.find((role) => role?.value === "target") ?? null;
  for (const role of roles) {
    role?.addEventListener("change", () => {
      if (guess && role !== guess && role.value === "target") guess.value = "input";
      if (role === guess || role.value === "target") guess = null;
    });
  }
}

/**
 * @param {HTMLAnchorElement} link
 * @param {HTMLElement} meaning what the link would train
 * @param {any} dataset
 * @param {(HTMLSelectElement | null)[]} roles
 */
function follow(link, meaning, dataset, roles) {
  const named = (/** @type {string} */ role) => roles.flatMap((choice) => (choice?.value === role ? [choice.dataset.column ?? ""] : []));
  const targets = named("target");
  link.href = address("/train", { dataset: dataset.id, target: targets, ignore: named("ignore") });
  meaning.textContent = targets.length ? `Predicts ${targets.join(", ")}; inputs: ${number(named("input").length)}` : "No column is the target yet";
}

get(`/v1/datasets/${home.dataset.id}`).then(show, (error) => home.replaceChildren(problemBox(error)));
