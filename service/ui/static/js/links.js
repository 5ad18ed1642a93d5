/** Links into the API on a server that asks for keys: a link cannot send one, so its answer is fetched and saved. */

import { send } from "./api.js";
import { byId, element } from "./elements.js";
import { storedKey } from "./key.js";
import { problemBox } from "./problems.js";

const ENDINGS = /** @type {Record<string, string>} */ ({ "application/json": ".json", "image/svg+xml": ".svg" });

addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[href^='/v1/']") : null;
  if (!link || !storedKey() || event.defaultPrevented) return;
  event.preventDefault();
  save(link.getAttribute("href") ?? "").catch((error) => byId("main").prepend(problemBox(error)));
});

/** @param {string} path */
async function save(path) {
  const answer = await send("GET", path, { headers: { Accept: "*/*" } });
  const kind = answer.headers.get("Content-Type")?.split(";")[0] ?? "";
  const name = path.split("?")[0]?.split("/").slice(3).join("-").replace(/\.svg$/, "") || "answer";
  const place = URL.createObjectURL(await answer.blob());
  element("a", { href: place, download: name + (ENDINGS[kind] ?? "") }).click();
  // The browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(place), 60_000);
}
