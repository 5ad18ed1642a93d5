/** The form of the New training page: what a person may say, each field with its place in the request. */

import { element } from "./elements.js";
import { field, group } from "./fields.js";

const PRESETS = [
  ["quick", "Quick", "a first look"],
  ["balanced", "Balanced", "the usual choice"],
  ["thorough", "Thorough", "the most exact"],
  ["interpretable", "Interpretable", "a formula to take home"],
];

export const controls = {
  dataset: element("select"),
  target: element("select"),
  task: choice(["auto", "regression", "classification"]),
  model: element("input", { type: "text", maxlength: 63, autocomplete: "off" }),
  hidden: element("input", { type: "text", inputmode: "numeric", placeholder: "chosen by validation", autocomplete: "off" }),
  grid: element("input", { type: "text", inputmode: "numeric", autocomplete: "off" }),
  degree: element("input", { type: "text", inputmode: "numeric", placeholder: "3", autocomplete: "off" }),
  seed: element("input", { type: "text", inputmode: "numeric", placeholder: "0", autocomplete: "off" }),
  testFraction: element("input", { type: "text", inputmode: "decimal", placeholder: "0.2", autocomplete: "off" }),
  splitColumn: element("select"),
  maxRuntime: element("input", { type: "text", inputmode: "numeric", placeholder: "3600", autocomplete: "off" }),
  device: element("input", { type: "text", placeholder: "auto", autocomplete: "off" }),
  recipe: element("textarea", { rows: 6, spellcheck: "false", placeholder: '[{"stage": "fit", "steps": 100}, {"stage": "symbolify"}]' }),
};
export const inputs = element("div", { class: "choices" });
export const furtherTargets = element("div", { class: "choices" });
export const further = group("Further targets, learnt together with it", "/targets/1", furtherTargets);
export const shown = element("pre", { id: "request", "aria-label": "Request" });
export const call = element("div");
export const said = element("div", { id: "said", "aria-live": "polite" });
export const start = element("button", { class: "primary" }, "Start the training");
const presets = PRESETS.map(([name, words, meaning]) => preset(name ?? "", words ?? "", meaning ?? ""));
export const form = element("form", {},
  element("div", { class: "panels" },
    element("section", {},
      element("h2", {}, "What"),
      field("Data set", "/dataset", controls.dataset),
      field("Target: the column to predict", "/targets", controls.target),
      further,
      field("Task", "/task", controls.task, "auto: classification where the target is a category"),
      group("How long", "/preset", ...presets),
      field("Name of the model", "/model", controls.model, "empty: made from the data set's name; a known name gets its next version"),
      advanced()),
    element("section", {},
      element("h2", {}, "The request"), shown, call, said, element("p", {}, start))));

/** @param {string[]} words */
function choice(words) {
  return element("select", {}, ...words.map((word) => element("option", {}, word)));
}

/**
 * @param {string} name
 * @param {string} words
 * @param {string} meaning
 */
function preset(name, words, meaning) {
  return element("label", { class: "choice" },
    element("input", { type: "radio", name: "preset", value: name, checked: name === "balanced" }),
    element("span", {}, words), element("span", { class: "quiet small" }, meaning),
    element("span", { class: "quiet small time", "data-preset": name }));
}

function advanced() {
  return element("details", {},
    element("summary", {}, "Advanced"),
    field("Hidden layers", "/network/hidden", controls.hidden, "widths, such as 5 or 5, 3; empty: the preset finds the network"),
    field("Grid", "/network/grid", controls.grid, "pieces of each curve"),
    field("Degree", "/network/degree", controls.degree),
    field("Seed", "/seed", controls.seed),
    field("Part kept for the test", "/test_fraction", controls.testFraction),
    field("Column that says train, validation or test", "/split_column", controls.splitColumn),
    field("Longest run (seconds)", "/max_runtime_s", controls.maxRuntime),
    field("Device", "/device", controls.device, "auto, cpu or cuda:0"),
    group("Inputs", "/inputs", inputs),
    field("Recipe (JSON), instead of a preset", "/recipe", controls.recipe));
}
