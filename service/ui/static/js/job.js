/** The Job page: state, progress, losses and log as they come, and what can be done with the job now. */

import { get, send } from "./api.js";
import { callPanel } from "./call.js";
import { lossChart } from "./chart.js";
import { byId, element } from "./elements.js";
import { follow } from "./events.js";
import { failure, logLine, runTime, score, timeLeft, waitsFor } from "./job_words.js";
import { answered, once } from "./once.js";
import { problemBox } from "./problems.js";
import { renew } from "./renew.js";
import { duration, number, percent } from "./words.js";

const LOG_LINES = 200;
const DRAW_MILLISECONDS = 250;
const LOOK_MILLISECONDS = 1000;
const home = byId("job");
const path = `/v1/jobs/${home.dataset.id}`;
/** What each state allows; the server has the last word. */
const VERBS = /** @type {Record<string, string[]>} */ ({
  queued: ["pause", "cancel"], running: ["pause", "cancel"], pausing: ["resume", "cancel"], paused: ["resume", "cancel"],
  failed: ["retry"], cancelled: ["retry"],
});

const parts = {
  failure: element("p", { class: "error", role: "alert" }),
  about: element("p", { class: "quiet" }),
  verbs: element("div", { class: "row" }),
  status: element("span", { class: "status", "aria-live": "polite" }),
  left: element("span", { class: "quiet" }),
  bar: element("progress", { class: "wide", max: 1, value: 0, "aria-label": "Progress" }),
  facts: element("dl", { class: "facts" }),
  made: element("p"),
  validation: element("span", { class: "validation" }, "validation"),
  chart: element("div", { id: "chart" }),
  log: element("pre", { id: "log", class: "log", tabindex: 0, role: "log", "aria-label": "Log" }),
  trouble: element("div", { "aria-live": "polite" }),
};

/** @type {any} */
let job = null;
/** @type {import("./chart.js").Point[]} */
const points = [];
/** @type {string[]} the lines of the log that are not shown yet */
const lines = [];
let isDrawn = true;
let isActing = false;
let looked = 0;

function showFrame() {
  home.replaceChildren(
    parts.failure,
    element("div", { class: "row ends" }, parts.about, parts.verbs),
    parts.trouble,
    element("section", { "aria-label": "State" }, element("div", { class: "row ends" }, parts.status, parts.left), parts.bar, parts.facts, parts.made),
    element("div", { class: "panels wide-first" },
      element("section", {},
        element("div", { class: "row ends" }, element("h2", {}, "Loss (log scale)"),
          element("p", { class: "legend small" }, element("span", { class: "train" }, "train"), parts.validation)),
        parts.chart, element("p", { class: "quiet small" }, "Where the line jumps up, the training of a new network begins.")),
      element("section", {}, element("h2", {}, "Log"), parts.log)),
    callPanel({ method: "GET", path: `${path}/events`, accept: "text/event-stream" }, "Follow it from a terminal"));
}

async function look() {
  looked = Date.now();
  job = await get(path);
  showJob();
  if (job.status === "queued") await lookForWorkers();
}

/** A job that nobody will take should not look like one that is about to begin. */
async function lookForWorkers() {
  const found = await get("/v1/workers").catch(() => null);
  if (!found) return;
  parts.left.textContent = waitsFor(found.data) ?? parts.left.textContent;
}

function showJob() {
  const sentence = failure(job);
  parts.failure.textContent = sentence;
  parts.failure.hidden = !sentence;
  parts.status.className = `status ${job.status}`;
  document.title = `Job ${job.status} – kan-service`;
  renew(parts.status, job.terminal || !job.phase ? job.status : `${job.status}, ${job.phase}`);
  parts.left.textContent = timeLeft(job);
  parts.bar.value = job.status === "succeeded" ? 1 : (job.progress?.fraction ?? 0);
  renew(parts.about, ...about());
  renew(parts.verbs, ...(VERBS[job.status] ?? []).map((verb) =>
    element("button", { type: "button", "data-verb": verb, onclick: () => act(verb) }, verb[0]?.toUpperCase() + verb.slice(1))));
  renew(parts.facts, ...facts().map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", { class: "number" }, value))));
  renew(parts.made, ...made());
}

function about() {
  const data = job.dataset && element("a", { href: `/datasets/${job.dataset}` }, "data set");
  const targets = job.spec.targets?.join(", ");
  return [job.kind, data && " on a ", data, targets && ", target ", targets && element("strong", {}, targets),
    job.spec.preset && `, ${job.spec.preset}`, seeds()].filter((part) => part);
}

function seeds() {
  const { seeds: several, seed } = job.resolved ?? {};
  return several ? `, seeds ${several.join(", ")}` : seed !== undefined && job.kind !== "predict" && `, seed ${seed}`;
}

/** @returns {[string, string][]} */
function facts() {
  const progress = job.progress ?? {};
  const last = points.findLast((point) => point.train_loss !== undefined);
  return [
    ["Stage", progress.stage ? `${progress.stage} / ${progress.stages}` : "–"],
    ["Step", last && !job.terminal ? `${number(last.step)}${progress.steps > 1 ? ` / ${number(progress.steps)}` : ""}` : "–"],
    ["Done", percent(job.status === "succeeded" ? 1 : progress.fraction)],
    ["Train loss", number(last?.train_loss)],
    ["Validation loss", number(last?.validation_loss)],
    ["Time", duration(runTime(job, Date.now()))],
  ];
}

function made() {
  if (job.result?.advice) return [job.result.advice];
  if (!job.result?.model) return [];
  const words = `${job.result.model} version ${job.result.version}`;
  const link = element("a", { href: `/models/${job.result.model}?version=${job.result.version}` }, words);
  if (job.kind === "predict") return [`Predicted ${number(job.result.rows)} rows, ${number(job.result.bad_rows)} of them with an error, by `, link, "."];
  return ["Made ", link, job.result.metrics?.test ? `, ${score(job)} on rows that training never saw.` : "."];
}

/** @param {string} verb */
async function act(verb) {
  // A double click makes one job.
  if (isActing) return;
  isActing = true;
  parts.trouble.replaceChildren();
  try {
    const answer = await (await send("POST", `${path}/${verb}`, verb === "retry" ? { headers: once(verb) } : {})).json();
    // Until the other page is there, no second one.
    if (verb === "retry") return location.assign(`/jobs/${answer.id}`);
    await look();
  } catch (error) {
    parts.trouble.replaceChildren(problemBox(error));
  }
  isActing = false;
}

/** Back from the job that was made, another one may be wanted. */
function actAgain() {
  isActing = false;
  answered("retry");
}

/** @param {import("./events.js").JobEvent} event */
function take(event) {
  if (event.type === "metric" || (event.type === "stage" && !event.data.ended)) points.push(/** @type {any} */ ({ step: 0, ...event.data }));
  if (event.type !== "metric") lines.push(logLine(event));
  if (event.type !== "metric" && event.type !== "checkpoint") looked = 0;
  if (isDrawn) setTimeout(draw, DRAW_MILLISECONDS);
  isDrawn = false;
}

async function draw() {
  isDrawn = true;
  parts.validation.hidden = !points.some((point) => point.validation_loss);
  parts.chart.replaceChildren(points.length ? lossChart(points, parts.chart.clientWidth) : element("p", { class: "quiet" }, "No loss yet."));
  const isAtEnd = parts.log.scrollTop + parts.log.clientHeight >= parts.log.scrollHeight - 4;
  // Only what is new: a screen reader reads that, and what somebody has selected stays so.
  parts.log.append(...lines.splice(0).slice(-LOG_LINES).map((line) => `${line}\n`));
  while (parts.log.childNodes.length > LOG_LINES) parts.log.firstChild?.remove();
  if (isAtEnd) parts.log.scrollTop = parts.log.scrollHeight;
  if (Date.now() - looked >= LOOK_MILLISECONDS) await look().catch(() => undefined);
  else showJob();
}

/** @param {boolean} isLive */
function showState(isLive) {
  parts.trouble.replaceChildren(...(isLive ? [] : [element("p", { class: "quiet" }, "The server is away; this page goes on when it is back.")]));
}

async function begin() {
  try {
    await look();
  } catch (error) {
    home.replaceChildren(problemBox(error));
    return;
  }
  showFrame();
  new ResizeObserver(() => points.length && draw()).observe(parts.chart);
  try {
    await follow(`${path}/events`, { onEvent: take, onState: showState });
    showState(true);
    await look();
    await draw();
  } catch (error) {
    parts.trouble.replaceChildren(problemBox(error));
  }
}

addEventListener("pageshow", actAgain);
begin();
