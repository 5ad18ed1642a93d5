/** What a job's state, end and events mean, in sentences. */

import { duration, number, when } from "./words.js";

const ENDS = /** @type {Record<string, string>} */ ({
  user_cancelled: "It was cancelled.",
  max_runtime: "Its time was up before it was done.",
  max_attempts_exceeded: "It was tried several times and never came further.",
  diverged: "The training diverged: its numbers grew beyond all bounds.",
  bad_data: "The data cannot be learnt from.",
  out_of_memory: "It needed more memory than it may have.",
  worker_lost: "The process that trained it was lost.",
  internal: "A defect of the server ended it; the log has the reason.",
});

/**
 * Gives the sentence that a failed job begins with, null for others.
 * @param {any} job
 */
export function failure(job) {
  if (job.status !== "failed") return null;
  return [ENDS[job.reason] ?? "It failed.", job.error?.message ?? job.error?.detail].filter(Boolean).join(" ");
}

/**
 * Gives what is known of the time that is left: the server's estimate, from the median of the last steps.
 * @param {any} job
 */
export function timeLeft(job) {
  const left = job.progress?.eta_s;
  return job.status === "running" && left > 0 ? `about ${duration(left)} left` : "";
}

/**
 * Gives what a queued job waits for, null where a worker is free.
 * @param {{status: string}[]} workers
 */
export function waitsFor(workers) {
  const busy = workers.filter(({ status }) => status === "busy").length;
  if (!workers.length) return "no worker is running: kan worker starts one";
  if (workers.some(({ status }) => status === "free")) return null;
  if (busy === workers.length) return `all ${number(busy)} workers are busy`;
  return "a worker is starting; on a new machine that takes a minute or two";
}

/**
 * Gives how long a job ran, or has run so far.
 * @param {any} job
 * @param {number} now milliseconds
 */
export function runTime(job, now) {
  if (!job.started_at) return null;
  const end = job.finished_at ? Date.parse(job.finished_at) : now;
  return Math.max(0, end - Date.parse(job.started_at)) / 1000;
}

/**
 * Gives the number by which results are compared, with its name.
 * @param {any} job
 * @returns {string}
 */
export function score(job) {
  const metrics = job.result?.metrics;
  const part = metrics?.test ?? metrics?.validation;
  if (!part) return "–";
  if (part.r2 !== undefined) return `R² ${number(part.r2)}`;
  return part.accuracy === undefined ? "–" : `accuracy ${number(part.accuracy)}`;
}

/**
 * Gives one line of the log.
 * @param {import("./events.js").JobEvent} event
 */
export function logLine(event) {
  return `${when(event.at).slice(11, 19)}  ${event.type.padEnd(10)}  ${said(event)}`;
}

/** @param {import("./events.js").JobEvent} event */
function said({ type, data }) {
  if (data.message) return data.message;
  if (type === "stage") return `${data.name} ${data.ended ? "ends" : "begins"}`;
  if (type === "checkpoint") return `stage ${data.stage} of ${data.stages}, after ${duration(data.run_seconds)}, ${number(data.bytes)} bytes`;
  if (type === "status" || type === "end") return [data.status, data.reason, data.device && `on ${data.device}`].filter(Boolean).join(", ");
  return Object.entries(data).map(([name, value]) => `${name} ${number(value)}`).join(", ");
}
