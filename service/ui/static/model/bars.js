/** Small bars: one row a name, to the right of zero or to both sides of it. */

import { element, svg } from "../js/elements.js";
import { number } from "../js/words.js";

const WIDTH = 100, HEIGHT = 10;

/**
 * Gives one row for each of some numbers; their largest size fills its bar.
 * @param {string} label of the list
 * @param {{name: string, value: number, words?: string}[]} items
 */
export function bars(label, items) {
  const most = Math.max(...items.map((item) => Math.abs(item.value)), Number.MIN_VALUE);
  const isSigned = items.some((item) => item.value < 0);
  return element("ul", { class: "bars", "aria-label": label }, ...items.map((item) => {
    const share = item.value / most;
    return element("li", { class: "bar" },
      element("span", { class: "name", title: item.name }, item.name),
      bar(share, isSigned),
      element("span", { class: "n" }, item.words ?? number(item.value)));
  }));
}

/**
 * @param {number} share
 * @param {boolean} isSigned
 */
function bar(share, isSigned) {
  const zero = isSigned ? WIDTH / 2 : 0, reach = isSigned ? WIDTH / 2 : WIDTH;
  const end = zero + share * reach;
  return svg("svg", { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: share < 0 ? "down" : "up", x: Math.min(zero, end), y: 1, width: Math.abs(end - zero), height: HEIGHT - 2 }),
    isSigned && svg("line", { class: "axis", x1: zero, x2: zero, y1: 0, y2: HEIGHT }));
}
