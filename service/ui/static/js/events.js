/** Follows an event stream by fetch, for EventSource cannot send a key; after a break it goes on behind the last event seen. */

import { Problem, withKey } from "./api.js";
import { askForKey } from "./key.js";

/** @typedef {{seq: number, at: string, type: string, data: Record<string, any>}} JobEvent */
/** @typedef {{after?: number, onEvent: (event: JobEvent) => void, onState?: (isLive: boolean) => void, signal?: AbortSignal}} Following */

const RETRY_MILLISECONDS = 1000;

/**
 * Hands each event over once and in order, until the stream says that it has ended.
 * @param {string} path
 * @param {Following} following
 * @throws {Problem} there is nothing to follow
 */
export async function follow(path, { after = 0, onEvent, onState, signal }) {
  let last = after;
  let pause = RETRY_MILLISECONDS;
  for (;;) {
    const answer = await open(path, last, signal);
    if (answer?.status === 204) return;
    if (answer?.body && answer.ok) {
      onState?.(true);
      for await (const message of messages(answer.body)) {
        pause = message.retry ?? pause;
        if (message.data === undefined || Number(message.id) <= last) continue;
        last = Number(message.id);
        onEvent(JSON.parse(message.data));
        if (message.event === "end") return;
      }
    }
    if (signal?.aborted) return;
    onState?.(false);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/**
 * Opens the stream; null where the server is away or busy.
 * @param {string} path
 * @param {number} last
 * @param {AbortSignal | undefined} signal
 */
async function open(path, last, signal) {
  let answer;
  try {
    answer = await fetch(path, {
      headers: withKey({ Accept: "text/event-stream", ...(last > 0 && { "Last-Event-ID": String(last) }) }),
      credentials: "omit", cache: "no-store", signal,
    });
  } catch {
    return null;
  }
  // In front of a server that is begun anew a proxy says 502 or 504.
  if (answer.ok || answer.status >= 500 || answer.status === 429) return answer;
  const problem = new Problem(answer.status, await answer.json().catch(() => ({})));
  if (answer.status !== 401) throw problem;
  if (await askForKey(problem.message) === null) throw problem;
  return open(path, last, signal);
}

/**
 * Splits a stream into messages; a broken connection ends it like any other end.
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<{id?: string, event?: string, data?: string, retry?: number}>}
 */
async function* messages(body) {
  const reader = body.pipeThrough(/** @type {any} */ (new TextDecoderStream())).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (text + value).split("\n\n");
      text = parts.pop() ?? "";
      for (const part of parts) yield message(part);
    }
  } catch {
    return;
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** @param {string} text */
function message(text) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const line of text.split("\n")) {
    const [name = "", value = ""] = line.split(/: ?(.*)/s, 2);
    if (name) found[name] = name === "data" && found.data ? `${found.data}\n${value}` : value;
  }
  return { ...found, retry: found.retry ? Number(found.retry) : undefined };
}
