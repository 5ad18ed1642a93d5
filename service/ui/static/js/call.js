/** Shows a call of the API as a person would type it: curl, Python, and the command where there is one. */

import { storedKey } from "./key.js";
import { element } from "./elements.js";
import { address } from "./api.js";

const EVENTS = "text/event-stream";

/**
 * @typedef {object} Call
 * @property {string} method
 * @property {string} path
 * @property {import("./api.js").Query} [query]
 * @property {unknown} [json] the body
 * @property {{name: string, type: string}} [file] a file that is the body
 * @property {string} [accept]
 * @property {string} [command] the same as a line of the command `kan`
 */

/**
 * Gives a fold with the call in each language, each with a button that copies it.
 * @param {Call} call
 * @param {string} [title]
 */
export function callPanel(call, title = "The call") {
  const texts = Object.entries(written(call)).map(([name, text]) =>
    element("div", {},
      element("div", { class: "row ends" }, element("strong", {}, name), copyButton(() => text, `Copy ${name}`)),
      element("pre", { "data-language": name }, text)));
  return element("details", { class: "call" }, element("summary", {}, title), ...texts);
}

/**
 * Gives a button that copies a text and says so.
 * @param {() => string | Promise<string>} text
 * @param {string} words
 */
export function copyButton(text, words) {
  const button = element("button", { type: "button" }, words);
  button.addEventListener("click", async () => {
    await copy(await text());
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = words), 1500);
  });
  return button;
}

/**
 * Gives the call in each language.
 * @param {Call} call
 * @returns {Record<string, string>}
 */
export function written(call) {
  const found = { curl: curl(call), Python: python(call) };
  return call.command ? { ...found, CLI: call.command } : found;
}

/** @param {Call} call */
function curl(call) {
  const parts = [`curl ${quoted(location.origin + address(call.path, call.query))}`];
  if (call.method !== "GET" && !(call.method === "POST" && (call.json !== undefined || call.file))) {
    parts.push(`-X ${call.method}`);
  }
  for (const [name, value] of Object.entries(headers(call))) parts.push(`-H ${quotedHeader(name, value)}`);
  if (call.json !== undefined) parts.push(`-d ${quoted(JSON.stringify(call.json))}`);
  if (call.file) parts.push(`--data-binary @${quoted(call.file.name)}`);
  return parts.join(" \\\n  ");
}

/** @param {Call} call */
function python(call) {
  const lines = ["import httpx", ""];
  const given = Object.entries(headers(call)).map(([name, value]) =>
    `${JSON.stringify(name)}: ${name === "Authorization" ? 'f"Bearer {key}"' : JSON.stringify(value)}`);
  const parts = [`    "${call.method}", ${JSON.stringify(location.origin + address(call.path, call.query))},`];
  if (given.length) parts.push(`    headers={${given.join(", ")}},`);
  if (call.json !== undefined) parts.push(`    content=${JSON.stringify(JSON.stringify(call.json))},`);
  if (call.file) parts.push(`    content=open(${JSON.stringify(call.file.name)}, "rb").read(),`);
  if (needsKey()) lines.splice(0, 1, "import os", "", "import httpx", "", 'key = os.environ["KAN_API_KEY"]');
  if (call.accept === EVENTS) {
    const ending = ["    timeout=None,", ") as answer:", "    for line in answer.iter_lines():", "        print(line)"];
    return [...lines, "with httpx.stream(", ...parts, ...ending].join("\n");
  }
  return [...lines, "answer = httpx.request(", ...parts, ")", `print(answer.${isJson(call) ? "json()" : "text"})`].join("\n");
}

/** @param {Call} call */
function isJson({ path, accept = "application/json" }) {
  return accept.endsWith("json") && !/\.(svg|csv)$/.test(path);
}

/**
 * @param {Call} call
 * @returns {Record<string, string>}
 */
function headers(call) {
  /** @type {Record<string, string>} */
  const found = {};
  if (needsKey()) found.Authorization = "Bearer $KAN_API_KEY";
  if (call.json !== undefined) found["Content-Type"] = "application/json";
  if (call.file) found["Content-Type"] = call.file.type;
  if (call.accept) found.Accept = call.accept;
  return found;
}

/** The key itself is never shown: a picture of the screen would give it away. */
function needsKey() {
  return storedKey() !== null || document.documentElement.hasAttribute("data-locked");
}

/** @param {string} text */
function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * @param {string} name
 * @param {string} value
 */
function quotedHeader(name, value) {
  return name === "Authorization" ? `"${name}: ${value}"` : quoted(`${name}: ${value}`);
}

/** @param {string} text */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Browsers have no clipboard on plain HTTP of another machine.
  const field = element("textarea", {}, text);
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
  return undefined;
}
