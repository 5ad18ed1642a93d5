/** The network beside a formula, perceptrons and a linear model, on the same rows: the newest comparison, or a new one. */

import { Problem, get, post, send } from "../js/api.js";
import { byId, element, table } from "../js/elements.js";
import { number, percent } from "../js/words.js";
import { showCall } from "./calls.js";

const NAMES = /** @type {Record<string, string>} */ ({
  kan: "KAN", formula: "formula", linear: "linear model",
  mlp_parameters: "MLP, as many parameters", mlp_time: "MLP, as much time",
});
const SCORES = /** @type {[string, string][]} */ ([["r2", "R²"], ["accuracy", "Accuracy"], ["rmse", "RMSE"], ["log_loss", "Log-loss"]]);
const WAIT_SECONDS = 20, AWAY_MILLISECONDS = 1000, MOST_JOBS = 200;

/** @param {import("./page.js").Page} page */
export async function startCompare(page) {
  if (!page.dataset) return;
  const body = JSON.parse(byId("compare-call").dataset.json ?? "{}");
  const place = byId("comparison");
  const jobs = (await newest(page)).filter((job) => isLike(job, body));
  if (!place.isConnected) return;
  const running = jobs.find((/** @type {any} */ job) => !job.terminal);
  const done = jobs.find((/** @type {any} */ job) => job.status === "succeeded" && job.result);
  if (running) await follow(page, place, running, body);
  else if (done) show(page, place, done, body);
  else place.append(starter(page, place, body, "Compare with MLP and linear model"));
}

/**
 * Gives the newest jobs on the version's data set; a page of wide ones may end early.
 * @param {import("./page.js").Page} page
 */
async function newest(page) {
  /** @type {any[]} */
  const jobs = [];
  for (let after = null; jobs.length < MOST_JOBS;) {
    const found = await get("/v1/jobs", { dataset: page.dataset, limit: MOST_JOBS, after });
    jobs.push(...found.data);
    after = found.next_cursor;
    if (!after) break;
  }
  return jobs;
}

/**
 * Says whether a job compares by the same question: other columns or another task have other scores.
 * @param {any} job
 * @param {any} body
 */
function isLike(job, body) {
  return job.kind === "compare" && question(job.spec) === question(body);
}

/** @param {any} spec */
function question({ targets, inputs, task }) {
  return JSON.stringify([targets, [...inputs ?? []].sort(), task ?? ""]);
}

/**
 * @param {import("./page.js").Page} page
 * @param {HTMLElement} place
 * @param {any} body
 * @param {string} words
 */
function starter(page, place, body, words) {
  showCall(byId("compare-call"), body);
  const button = element("button", { type: "button", onclick: () => {
    button.disabled = true;
    post("/v1/jobs", body).then((job) => follow(page, place, job, body)).catch((error) => {
      button.disabled = false;
      page.fail(error);
    });
  } }, words);
  return button;
}

/**
 * Shows how far a comparison is until it has ended.
 * @param {import("./page.js").Page} page
 * @param {HTMLElement} place
 * @param {any} job
 * @param {any} body
 */
async function follow(page, place, job, body) {
  const link = element("a", { href: `/jobs/${job.id}` }, job.id);
  const bar = element("progress", { max: 1, value: 0, class: "wide", "aria-label": "Comparison" });
  const words = element("p", { class: "quiet", role: "status" });
  place.replaceChildren(element("p", {}, "Comparing, see ", link, "."), bar, words);
  while (!job.terminal && place.isConnected) {
    const fraction = job.progress?.fraction ?? 0;
    bar.value = fraction;
    words.textContent = `${job.status}, ${percent(fraction)}`;
    job = await later(job);
  }
  if (!place.isConnected) return;
  if (job.result) show(page, place, job, body);
  else place.replaceChildren(element("p", {}, "The comparison ended without a result, see ", link, ". "), starter(page, place, body, "Compare again"));
}

/**
 * Gives a job as it is when it has ended, or after a while; as it was where the server is away or busy.
 * @param {any} job
 */
async function later(job) {
  try {
    return await (await send("GET", `/v1/jobs/${job.id}`, { headers: { Prefer: `wait=${WAIT_SECONDS}` } })).json();
  } catch (error) {
    const passes = error instanceof Problem && (error.status === 0 || error.status === 429 || error.status >= 500);
    if (!passes) throw error;
    await new Promise((resolve) => setTimeout(resolve, AWAY_MILLISECONDS));
    return job;
  }
}

/**
 * @param {import("./page.js").Page} page
 * @param {HTMLElement} place
 * @param {any} job
 * @param {any} body
 */
function show(page, place, job, body) {
  const { sides, choice, advice, seeds } = job.result;
  const scores = SCORES.filter(([name]) => sides[0].metrics[name]);
  const heads = /** @type {[string, string?][]} */ ([["Model"], ["Numbers", "n"], ...scores.map(([, words]) => [words, "n"]), ["Fit, CPU s", "n"]]);
  const rows = sides.map((/** @type {any} */ side) => [
    side.name === choice ? element("strong", {}, NAMES[side.name] ?? side.name) : NAMES[side.name] ?? side.name,
    number(Math.round(side.parameters.mean)),
    ...scores.map(([name]) => spread(side.metrics[name])),
    number(Number(side.train_cpu_seconds.mean.toPrecision(2))),
  ]);
  place.replaceChildren(
    element("h3", {}, "On the same rows"),
    table("KAN, formula, perceptrons and linear model", heads, rows),
    element("p", {}, advice),
    element("p", { class: "quiet" }, `Test rows, mean ± spread of ${seeds.length} splits; the rows decide anew for each. `, element("a", { href: `/jobs/${job.id}` }, "The comparison")),
    starter(page, place, body, "Compare again"));
}

/** @param {{mean: number | null, spread: number | null}} score */
function spread(score) {
  if (score.mean === null) return "–";
  const mean = number(Number(score.mean.toPrecision(4)));
  return score.spread === null ? mean : `${mean} ± ${number(Number(score.spread.toPrecision(1)))}`;
}
