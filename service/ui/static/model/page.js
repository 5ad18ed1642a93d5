/** The model page: reads what the server wrote, starts the panels, and shows another version in place. */

import { send } from "../js/api.js";
import { byId } from "../js/elements.js";
import { problemBox } from "../js/problems.js";
import { startCalls } from "./calls.js";
import { startChange } from "./change.js";
import { startCompare } from "./compare.js";
import { startEdges } from "./edges.js";
import { startFormula } from "./formula.js";
import { startLearned } from "./learned.js";
import { startNetwork } from "./network.js";
import { startPareto } from "./pareto.js";
import { startResiduals } from "./residuals.js";
import { startTable } from "./table.js";
import { forgetPredictions } from "./prediction.js";
import { startTry } from "./try.js";
import { startVersions } from "./versions.js";

/**
 * What the panels share.
 * @typedef {object} Page
 * @property {string} model
 * @property {number} version
 * @property {boolean} isDraft
 * @property {string} address of the version in the API
 * @property {string} dataset its id, empty without one
 * @property {string} judge the other data set that judged the training, empty without one
 * @property {string} job its id, empty without one
 * @property {boolean} hasFormula
 * @property {string} interval the level that is promised, empty without test rows
 * @property {boolean} hasContributions the means of training rows are known
 * @property {boolean} isClassification
 * @property {string} view
 * @property {number} points samples of each curve
 * @property {number} edges that are live
 * @property {[number, number][]} shape inputs and sums of each layer
 * @property {Kept} kept
 * @property {(() => void)[]} drawn called after each drawing of the network
 * @property {(() => void)[]} opened called after an edge is shown in its panel
 * @property {boolean} [isChanging] an edit or another change is under way
 * @property {(path: string, news?: string) => Promise<void>} visit does nothing after another version was shown
 * @property {(error: unknown) => void} fail as quiet then
 */

/**
 * What stays when another version of the model is shown.
 * @typedef {{values: Record<string, string>, edge: string | null, drawing: Partial<import("./network.js").Drawing>}} Kept
 */

/** @type {Kept} Without a prototype: a column may be named "constructor". */
const kept = { values: Object.create(null), edge: null, drawing: {} };
// The path that the page was last sent to: a link to a place on the page changes only what follows it.
let here = location.pathname + location.search;
let visits = 0;
const PANELS = [
  startCalls, startFormula, startNetwork, startEdges, startTry, startChange, startVersions, startTable,
  startLearned, startResiduals, startPareto, startCompare,
];

/** Starts every panel of the version that the page holds. */
function start() {
  forgetPredictions();
  const content = byId("model"), facts = content.dataset;
  const model = String(facts.model), version = Number(facts.version);
  /** @type {Page} */
  const page = {
    model, version, kept,
    visit: async (path, news) => content.isConnected ? visit(path, news) : undefined,
    fail: (error) => content.isConnected ? fail(error) : undefined,
    isDraft: facts.status === "draft",
    address: `/v1/models/${model}/versions/${version}`,
    dataset: facts.dataset ?? "",
    judge: facts.judge ?? "",
    job: facts.job ?? "",
    hasFormula: facts.formula === "yes",
    interval: facts.interval ?? "",
    hasContributions: facts.contributions === "yes",
    isClassification: facts.task === "classification",
    view: facts.view ?? "diagram",
    points: Number(facts.points),
    edges: Number(facts.edges),
    shape: JSON.parse(facts.shape ?? "[]"),
    drawn: [],
    opened: [],
  };
  for (const panel of PANELS) Promise.resolve(panel(page)).catch(page.fail);
}

/**
 * Shows another version in place of this one; what was typed, and the open edge, stay.
 * @param {string} path of a page, such as /models/concrete?version=2
 * @param {string} [news] what a screen reader says then
 */
async function visit(path, news = "") {
  if (!await replace(path)) return;
  // A change of the version that is shown makes no second entry to go back through.
  if (path !== here) history.pushState(null, "", path);
  here = path;
  byId("news").textContent = news;
}

/**
 * Puts the content of a path in place, unless another one was asked for meanwhile; says whether it did.
 * @param {string} path
 */
async function replace(path) {
  const visit = ++visits;
  const answer = await send("GET", `/parts${path}`, { headers: { Accept: "text/html" } });
  const text = await answer.text();
  if (visit !== visits) return false;
  const found = new DOMParser().parseFromString(text, "text/html");
  document.title = found.title;
  byId("main").replaceChildren(...(found.getElementById("main")?.childNodes ?? []));
  // The focused element is gone with the old content.
  byId("main").focus({ preventScroll: true });
  start();
  return true;
}

/** Shows the version of an address that the browser went back or forward to. */
function follow() {
  const path = location.pathname + location.search;
  if (path === here) return;
  here = path;
  replace(path).catch(fail);
}

/** @param {unknown} error */
function fail(error) {
  const place = byId("trouble");
  place.replaceChildren(problemBox(error));
  place.scrollIntoView({ block: "nearest" });
}

addEventListener("popstate", follow);
if (document.getElementById("model")) start();
else replace(here).catch(fail);
