/** What the form says as the body of POST /v1/jobs; what is left empty is left out. */

/**
 * @typedef {object} Choices
 * @property {string} dataset
 * @property {string[]} targets
 * @property {string[] | null} inputs null = every usable column
 * @property {string} task
 * @property {string} preset
 * @property {string} model
 * @property {string} hidden "5" or "5, 3"; empty = found by the preset
 * @property {string} grid
 * @property {string} degree
 * @property {string} seed
 * @property {string} testFraction
 * @property {string} splitColumn
 * @property {string} maxRuntime
 * @property {string} device
 * @property {string} recipe JSON, instead of the preset
 */

/**
 * Gives the request.
 * @param {Choices} choices
 * @returns {Record<string, unknown>}
 * @throws {SyntaxError} the recipe is no JSON
 */
export function requestOf(choices) {
  /** @type {Record<string, unknown>} */
  const request = { kind: "train", dataset: choices.dataset, targets: choices.targets };
  if (choices.model) request.model = choices.model;
  if (choices.inputs) request.inputs = choices.inputs;
  if (choices.task !== "auto") request.task = choices.task;
  const network = networkOf(choices);
  if (network) request.network = network;
  if (choices.recipe.trim()) request.recipe = JSON.parse(choices.recipe);
  else request.preset = choices.preset;
  if (choices.testFraction) request.test_fraction = numeric(choices.testFraction);
  if (choices.splitColumn) request.split_column = choices.splitColumn;
  if (choices.seed) request.seed = numeric(choices.seed);
  if (choices.device) request.device = choices.device;
  if (choices.maxRuntime) request.max_runtime_s = numeric(choices.maxRuntime);
  return request;
}

/** @param {Choices} choices */
function networkOf({ hidden, grid, degree }) {
  if (!hidden && !grid && !degree) return null;
  /** @type {Record<string, unknown>} */
  const network = {};
  if (hidden) network.hidden = hidden.split(/[\s,]+/).filter(Boolean).map(numeric);
  if (grid) network.grid = numeric(grid);
  if (degree) network.degree = numeric(degree);
  return network;
}

/**
 * Gives a number, or the text as it is: the server says what is wrong with it.
 * @param {string} text
 */
function numeric(text) {
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}
