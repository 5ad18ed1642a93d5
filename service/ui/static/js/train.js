/** The New training page: a form, the request as it will be sent, and what the server says of it before it is sent. */

import { Problem, get, post, send } from "./api.js";
import { callPanel } from "./call.js";
import { byId, element } from "./elements.js";
import { showFaults } from "./fields.js";
import { answered, once } from "./once.js";
import { problemBox } from "./problems.js";
import { call, controls, form, further, furtherTargets, inputs, said, shown, start } from "./train_form.js";
import { requestOf } from "./train_request.js";
import { duration, number } from "./words.js";

const PAUSE_MILLISECONDS = 300;
const home = byId("training");
const asked = new URLSearchParams(location.search);

/** @type {any[]} */
let datasets = [];
const ignored = new Set(asked.getAll("ignore"));
let timer = 0;
let asking = 0;
let timed = "";

async function begin() {
  try {
    datasets = (await get("/v1/datasets", { limit: 200 })).data;
    const wanted = asked.get("dataset");
    if (wanted && !datasets.some((one) => one.id === wanted)) datasets.unshift(await get(`/v1/datasets/${wanted}`));
  } catch (error) {
    home.replaceChildren(problemBox(error));
    return;
  }
  if (!datasets.length) {
    home.replaceChildren(element("p", {}, "There is no data set yet: ", element("a", { href: "/" }, "add one"), "."));
    return;
  }
  controls.dataset.replaceChildren(...datasets.map((one) =>
    element("option", { value: one.id, selected: one.id === asked.get("dataset") }, `${one.name} (${number(one.rows)} rows)`)));
  home.replaceChildren(form);
  showColumns(asked.getAll("target"));
  form.addEventListener("input", changed);
  controls.dataset.addEventListener("change", () => {
    ignored.clear();
    showColumns([]);
  });
  form.addEventListener("submit", submit);
  window.addEventListener("pageshow", (event) => event.persisted && beginAnew());
}

/** Back from the job that was started, the page is as it was left: with a button that was pressed. */
function beginAnew() {
  start.disabled = false;
  changed();
}

/** @param {string[]} targets as the data page chose them */
function showColumns([target, ...others]) {
  const usable = columns().filter((column) => column.type !== "ignored");
  const first = target ?? usable.at(-1)?.name;
  controls.target.replaceChildren(...usable.map((column) => element("option", { value: column.name, selected: column.name === first }, column.name)));
  controls.splitColumn.replaceChildren(element("option", { value: "" }, "none: drawn at random"),
    ...usable.filter((column) => column.type === "category").map((column) => element("option", { value: column.name }, column.name)));
  furtherTargets.replaceChildren(...others.map((name) => box(name, true)));
  further.hidden = !others.length;
  inputs.replaceChildren(...usable.map((column) => box(column.name, !ignored.has(column.name))));
  changed();
}

/**
 * @param {string} name
 * @param {boolean} isChecked
 */
function box(name, isChecked) {
  return element("label", { class: "choice" }, element("input", { type: "checkbox", value: name, checked: isChecked }), element("span", {}, name));
}

/** @param {HTMLElement} choices */
function boxesOf(choices) {
  return /** @type {HTMLInputElement[]} */ ([...choices.querySelectorAll("input")]);
}

/** @returns {any[]} */
function columns() {
  return datasets.find((one) => one.id === controls.dataset.value)?.columns ?? [];
}

function request() {
  const boxes = boxesOf(inputs);
  const targets = [...new Set([controls.target.value, ...boxesOf(furtherTargets).filter((one) => one.checked).map((one) => one.value)])];
  // None of them can be an input.
  const others = [...targets, controls.splitColumn.value];
  const taken = boxes.filter((one) => one.checked && !others.includes(one.value)).map((one) => one.value);
  const isAll = boxes.every((one) => one.checked || others.includes(one.value));
  const picked = /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=preset]:checked"));
  const text = (/** @type {{value: string}} */ control) => control.value.trim();
  return requestOf({
    dataset: controls.dataset.value, targets, inputs: isAll ? null : taken, task: controls.task.value,
    preset: picked?.value ?? "balanced", model: text(controls.model), hidden: text(controls.hidden), grid: text(controls.grid),
    degree: text(controls.degree), seed: text(controls.seed), testFraction: text(controls.testFraction),
    splitColumn: controls.splitColumn.value, maxRuntime: text(controls.maxRuntime), device: text(controls.device), recipe: controls.recipe.value,
  });
}

function changed() {
  clearTimeout(timer);
  try {
    const json = request();
    shown.textContent = JSON.stringify(json, null, 2);
    call.replaceChildren(callPanel({ method: "POST", path: "/v1/jobs", json }));
    timer = setTimeout(() => tryOut(json), PAUSE_MILLISECONDS);
  } catch (error) {
    refuse(new Problem(0, { detail: "the recipe is no JSON", errors: [{ pointer: "/recipe", code: "json", message: String(error) }] }));
  }
}

/** @param {Record<string, unknown>} json */
async function tryOut(json) {
  const mine = ++asking;
  try {
    const plan = await post("/v1/jobs", json, { dry_run: true });
    if (mine !== asking) return;
    accept(plan);
    await showTimes(json);
  } catch (error) {
    if (mine === asking) refuse(error);
  }
}

/** @param {any} plan */
function accept(plan) {
  showFaults(form, null);
  start.disabled = false;
  const facts = [
    `Model ${plan.model}`, plan.resolved.task, plan.parameters && `up to ${number(plan.parameters)} parameters`,
    plan.memory_bytes && `${number(Math.ceil(plan.memory_bytes / 2 ** 20))} MiB of memory`,
    plan.expected_seconds && `about ${duration(plan.expected_seconds)} on one core`,
  ];
  said.replaceChildren(element("p", {}, facts.filter(Boolean).join(", "), "."),
    element("ul", {}, ...plan.warnings.map((/** @type {any} */ warning) => element("li", { class: "quiet small" }, warning.message ?? String(warning)))));
}

/** @param {unknown} error */
function refuse(error) {
  const left = showFaults(form, error);
  // What the form cannot mend, such as a server that was away, may be gone at the next try.
  start.disabled = error instanceof Problem && (error.status === 422 || error.errors.length > 0);
  said.replaceChildren(problemBox(error, { places: left.length > 0 }));
}

/**
 * Says beside each preset how long it would take; asked anew only when what it depends on has changed.
 * @param {Record<string, unknown>} json
 */
async function showTimes({ dataset, targets, inputs: taken, task, network }) {
  const base = { kind: "train", dataset, targets, inputs: taken, task, network };
  if (timed === JSON.stringify(base)) return;
  timed = JSON.stringify(base);
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-preset]"))) {
    const plan = await post("/v1/jobs", { ...base, preset: place.dataset.preset }, { dry_run: true }).catch(() => null);
    place.textContent = plan?.expected_seconds ? `about ${duration(plan.expected_seconds)}` : "";
  }
}

/** @param {Event} event */
async function submit(event) {
  event.preventDefault();
  start.disabled = true;
  try {
    const json = request();
    const job = await (await send("POST", "/v1/jobs", { json, headers: once(json) })).json();
    answered(json);
    location.assign(`/jobs/${job.id}`);
  } catch (error) {
    refuse(error);
  }
}

begin();
