/** The Jobs page: what runs, waits and has ended; filtered by state, searched, page by page, and live. */

import { address, get } from "./api.js";
import { callPanel } from "./call.js";
import { byId, element, table } from "./elements.js";
import { runTime, score } from "./job_words.js";
import { problemBox } from "./problems.js";
import { renew } from "./renew.js";
import { duration, percent, when } from "./words.js";

const STATES = ["queued", "running", "pausing", "paused", "cancelling", "cancelled", "succeeded", "failed"];
const PAGE = 50;
const SEARCHED = 200;
const LIVE_MILLISECONDS = 1500;
const IDLE_MILLISECONDS = 10_000;

const home = byId("jobs");
const state = element("select", { id: "state" }, element("option", { value: "" }, "all"), ...STATES.map((name) => element("option", {}, name)));
const search = element("input", { id: "search", type: "search", autocomplete: "off", placeholder: "model, target, id" });
const list = element("div", { id: "job-list" });
const newer = element("button", { type: "button", hidden: true, onclick: goNewer }, "Newer");
const older = element("button", { type: "button", hidden: true, onclick: goOlder }, "Older");
const call = element("div");
/** @type {Map<string, string>} */
const names = new Map();
/** @type {(string | undefined)[]} the cursors of the pages up to this one */
let cursors = [undefined];
/** @type {string | null} the cursor of the page behind this one */
let following = null;
let timer = 0;
let asking = 0;

function showFrame() {
  home.replaceChildren(
    element("div", { class: "row" },
      element("label", { for: "state" }, "State"), state,
      element("label", { for: "search" }, "Search"), search,
      element("a", { class: "button", href: "/train" }, "New training")),
    element("section", { "aria-label": "Jobs" }, list, element("div", { class: "row" }, newer, older), call));
  state.addEventListener("change", again);
  search.addEventListener("input", again);
}

function again() {
  cursors = [undefined];
  refresh();
}

async function refresh() {
  clearTimeout(timer);
  const mine = ++asking;
  try {
    const found = await page(cursors.at(-1));
    if (mine !== asking) return;
    show(found);
    const isBusy = found.jobs.some((/** @type {any} */ job) => !job.terminal);
    timer = setTimeout(refreshIfSeen, isBusy ? LIVE_MILLISECONDS : IDLE_MILLISECONDS);
  } catch (error) {
    if (mine !== asking) return;
    list.replaceChildren(problemBox(error));
    timer = setTimeout(refreshIfSeen, IDLE_MILLISECONDS);
  }
}

function refreshIfSeen() {
  if (document.hidden) document.addEventListener("visibilitychange", refresh, { once: true });
  else refresh();
}

/**
 * Gives a page of jobs; a search goes through the whole list until the page is full.
 * @param {string | undefined} after
 * @returns {Promise<{jobs: any[], next: string | null}>}
 */
async function page(after) {
  const words = search.value.trim().toLowerCase();
  const query = { status: state.value || null, limit: words ? SEARCHED : PAGE };
  /** @type {any[]} */
  const jobs = [];
  let next = after ?? null;
  do {
    const found = await get("/v1/jobs", { ...query, after: next });
    await learnNames(found.data);
    jobs.push(...found.data.filter((/** @type {any} */ job) => !words || textOf(job).includes(words)));
    next = found.next_cursor;
  } while (next && jobs.length < PAGE);
  return { jobs, next };
}

/** @param {any} job */
function textOf(job) {
  return [job.id, job.kind, job.model, names.get(job.dataset), job.spec.targets, Object.entries(job.labels)].flat(3).join(" ").toLowerCase();
}

/** @param {any[]} jobs */
async function learnNames(jobs) {
  if (jobs.every((job) => !job.dataset || names.has(job.dataset))) return;
  for (const dataset of (await get("/v1/datasets", { limit: 200 })).data) names.set(dataset.id, dataset.name);
  for (const job of jobs) if (job.dataset && !names.has(job.dataset)) names.set(job.dataset, job.dataset);
}

/** @param {{jobs: any[], next: string | null}} found */
function show({ jobs, next }) {
  const heads = /** @type {[string, string?][]} */ ([["Job"], ["Data · target", "text"], ["State"], ["Progress"], ["Result"], ["Time", "n"], ["Created", "whole"]]);
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.job : undefined;
  renew(list, jobs.length ? table("Jobs", heads, jobs.map(cells)) : element("p", { class: "quiet" }, search.value || state.value ? "No such job." : "No job yet."));
  // A job that has moved down the list takes the keyboard's place along.
  if (focused) list.querySelector(`[data-job="${CSS.escape(focused)}"]`)?.dispatchEvent(new Event("refocus"));
  showPager(next);
  showCall();
}

/** @param {string | null} next */
function showPager(next) {
  const focused = document.activeElement;
  following = next;
  newer.hidden = cursors.length < 2;
  older.hidden = !next;
  if (focused === newer && newer.hidden) older.focus();
  if (focused === older && older.hidden) newer.focus();
}

function showCall() {
  const query = { status: state.value || null, limit: PAGE, after: cursors.at(-1) };
  const text = address("/v1/jobs", query);
  if (call.dataset.address === text) return;
  call.dataset.address = text;
  call.replaceChildren(callPanel({ method: "GET", path: "/v1/jobs", query }));
}

function goNewer() {
  cursors.pop();
  refresh();
}

function goOlder() {
  if (following) cursors.push(following);
  following = null;
  refresh();
}

/** @param {any} job */
function cells(job) {
  const fraction = job.status === "succeeded" ? 1 : job.progress?.fraction;
  const link = element("a", { href: `/jobs/${job.id}`, "data-job": job.id }, `${job.model ?? job.kind} …${job.id.slice(-6)}`);
  link.addEventListener("refocus", () => link.focus());
  return [
    link,
    [names.get(job.dataset) ?? "–", job.spec.targets && ` · ${job.spec.targets.join(", ")}`],
    element("span", { class: `status ${job.status}`, title: job.reason }, job.status),
    [!job.terminal && fraction != null && element("progress", { max: 1, value: fraction, "aria-label": "Progress" }), ` ${percent(fraction)}`],
    score(job),
    duration(runTime(job, Date.now())),
    when(job.created_at),
  ];
}

showFrame();
refresh();
