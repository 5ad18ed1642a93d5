/** Light, dark, or what the system says; remembered in this browser. It runs before the first paint. */

import { byId, element } from "./elements.js";

const NAME = "kan-theme";
const THEMES = ["auto", "light", "dark"];

/** @returns {string} the theme that was chosen last */
function remembered() {
  const found = localStorage.getItem(NAME) ?? "auto";
  return THEMES.includes(found) ? found : "auto";
}

/** @param {string} theme */
function apply(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function addSwitch() {
  const options = THEMES.map((name) => element("option", { value: name, selected: name === remembered() }, name));
  const choice = element("select", { id: "theme", "aria-label": "Theme" }, ...options);
  choice.addEventListener("change", () => {
    localStorage.setItem(NAME, choice.value);
    apply(choice.value);
    document.dispatchEvent(new CustomEvent("kan-theme", { detail: choice.value }));
  });
  byId("tools").append(choice);
}

apply(remembered());
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", addSwitch);
else addSwitch();
