/** Every call of the public API passes here: the key goes along, a refusal becomes a Problem. */

import { askForKey, storedKey } from "./key.js";

/** @typedef {{pointer: string, code: string, message: string}} Fault */
/** @typedef {Record<string, string | number | boolean | string[] | null | undefined>} Query */
/** @typedef {{query?: Query, json?: unknown, body?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal}} Options */

/** A refusal of the API, as problem+json tells it. */
export class Problem extends Error {
  /**
   * @param {number} status 0 where the server did not answer
   * @param {{title?: string, detail?: string, type?: string, errors?: Fault[], request_id?: string}} facts
   */
  constructor(status, facts) {
    super(facts.detail || facts.title || `the server answered ${status}`);
    this.name = "Problem";
    this.status = status;
    this.title = facts.title ?? "";
    this.type = facts.type ?? "";
    /** @type {Fault[]} where something is wrong, as JSON pointers into what was sent */
    this.errors = facts.errors ?? [];
    this.requestId = facts.request_id ?? "";
  }
}

/**
 * Sends a request and gives the answer, whatever its format; asks for the key where the server wants one.
 * @param {string} method
 * @param {string} path begins with /v1
 * @param {Options} [options] `json` is written as the body; `body` is sent as it is
 * @returns {Promise<Response>}
 * @throws {Problem}
 */
export async function send(method, path, options = {}) {
  const answer = await attempt(method, path, options);
  if (answer.ok) return answer;
  const problem = new Problem(answer.status, await facts(answer));
  if (answer.status !== 401) throw problem;
  if (await askForKey(problem.message) === null) throw problem;
  return send(method, path, options);
}

/**
 * Reads JSON.
 * @param {string} path
 * @param {Query} [query]
 * @returns {Promise<any>}
 */
export async function get(path, query) {
  return (await send("GET", path, { query })).json();
}

/**
 * Takes values that have no answer for none; for the `catch` of a call.
 * @param {unknown} error
 */
export function noneWhere422(error) {
  if (error instanceof Problem && error.status === 422) return null;
  throw error;
}

/**
 * Sends JSON and reads JSON.
 * @param {string} path
 * @param {unknown} [json]
 * @param {Query} [query]
 * @returns {Promise<any>}
 */
export async function post(path, json, query) {
  return (await send("POST", path, { json, query })).json();
}

/**
 * Gives path and query as they are sent; what is null or absent is left out.
 * @param {string} path
 * @param {Query} [query]
 */
export function address(path, query = {}) {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value].flat()) if (each !== null && each !== undefined) words.append(name, String(each));
  }
  return words.size ? `${path}?${words}` : path;
}

/**
 * Gives the headers with the key of this tab.
 * @param {Record<string, string>} [headers]
 */
export function withKey(headers = {}) {
  const key = storedKey();
  return key ? { ...headers, Authorization: `Bearer ${key}` } : headers;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Options} options
 */
async function attempt(method, path, { query, json, body, headers = {}, signal }) {
  const typed = json === undefined ? headers : { "Content-Type": "application/json", ...headers };
  const sent = json === undefined ? body : JSON.stringify(json);
  try {
    return await fetch(address(path, query), {
      method, signal, body: sent, headers: withKey({ Accept: "application/json", ...typed }), credentials: "omit",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, { detail: "the server cannot be reached" });
  }
}

/** @param {Response} answer */
async function facts(answer) {
  const id = answer.headers.get("X-Request-ID") ?? "";
  try {
    return { request_id: id, ...(await answer.json()) };
  } catch {
    return { request_id: id };
  }
}
