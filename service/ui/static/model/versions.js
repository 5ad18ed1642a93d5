/** Versions, what they are called, and the checkpoints of the training that made this one. */

import { get, post, send } from "../js/api.js";
import { byId, element, table } from "../js/elements.js";
import { number } from "../js/words.js";
import { change } from "./change.js";

/** @param {import("./page.js").Page} page */
export async function startVersions(page) {
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("a[data-visit]"))) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      page.visit(link.getAttribute("href") ?? "", `Version ${link.textContent}`).catch(page.fail);
    });
  }
  const pick = /** @type {HTMLSelectElement | null} */ (document.getElementById("version"));
  if (pick?.parentElement) pick.parentElement.hidden = false;
  pick?.addEventListener("change", () => {
    page.visit(`/models/${page.model}?version=${pick.value}`, `Version ${pick.value}`).catch(page.fail);
  });
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-delete]"))) {
    button.hidden = false;
    button.addEventListener("click", () => deleteDraft(page, Number(button.dataset.delete)));
  }
  const form = /** @type {HTMLFormElement} */ (byId("alias"));
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    setAlias(page, form);
  });
  if (page.job) await showCheckpoints(page);
}

/**
 * @param {import("./page.js").Page} page
 * @param {number} version
 */
async function deleteDraft(page, version) {
  const parent = /** @type {HTMLElement | null} */ (document.getElementById("undo"))?.dataset.of;
  await change(page, async () => {
    await send("DELETE", `/v1/models/${page.model}/versions/${version}`);
    const next = version === page.version ? (parent ? `?version=${parent}` : "") : `?version=${page.version}`;
    await page.visit(`/models/${page.model}${next}`, `Draft ${version} is deleted`);
  });
}

/**
 * Lets an alias stand for this version; the server refuses where somebody moved it since this page was loaded.
 * @param {import("./page.js").Page} page
 * @param {HTMLFormElement} form
 */
async function setAlias(page, form) {
  const alias = /** @type {HTMLInputElement} */ (form.elements.namedItem("alias")).value;
  const known = [...byId("aliases").children].find((option) => option.getAttribute("value") === alias);
  const etag = known?.getAttribute("data-etag");
  /** @type {Record<string, string>} */
  const headers = etag ? { "If-Match": etag } : {};
  await change(page, async () => {
    await send("PUT", `/v1/models/${page.model}/aliases/${encodeURIComponent(alias)}`, { json: { version: page.version }, headers });
    await page.visit(`/models/${page.model}?version=${page.version}`, `${alias} stands for version ${page.version}`);
  });
}

/** @param {import("./page.js").Page} page */
async function showCheckpoints(page) {
  const place = byId("checkpoints");
  const found = (await get(`${page.address}/checkpoints`)).data.filter((/** @type {any} */ item) => item.sha256);
  if (!found.length || !place.isConnected) return;
  const rows = found.map((/** @type {any} */ item) => [
    String(item.number), `${item.stage_name}, step ${item.step}`, number(item.validation_loss),
    element("button", { type: "button", class: "small", onclick: () => promote(page, item.number) }, "Make a draft"),
  ]);
  const heads = /** @type {[string, string?][]} */ ([["Checkpoint", "n"], ["Stage"], ["Validation loss", "n"], ["Use"]]);
  place.replaceChildren(element("details", {},
    element("summary", {}, `${found.length} checkpoints of its training`), table("Checkpoints", heads, rows)));
}

/**
 * @param {import("./page.js").Page} page
 * @param {number} checkpoint
 */
async function promote(page, checkpoint) {
  await change(page, async () => {
    const made = await post(`${page.address}/checkpoints/${checkpoint}/promote`);
    await page.visit(`/models/${page.model}?version=${made.version}`, `Draft ${made.version} of checkpoint ${checkpoint}`);
  });
}
