/** A small chart of points on two axes, as inline SVG. */

import { svg } from "../js/elements.js";
import { number } from "../js/words.js";

const WIDTH = 440, HEIGHT = 240, LEFT = 64, RIGHT = 12, TOP = 12, BOTTOM = 44, INTERVALS = 5;

/**
 * An axis: words, ends, and whether equal steps are equal factors.
 * @typedef {{words: string, values: number[], isLog?: boolean, includes?: number}} Axis
 */

/**
 * Gives an empty chart and the place of every point in it.
 * @param {string} label what a screen reader says
 * @param {Axis} across
 * @param {Axis} up
 */
export function chart(label, across, up) {
  const x = scale(across, LEFT, WIDTH - RIGHT), y = scale(up, HEIGHT - BOTTOM, TOP);
  const marks = svg("g");
  const picture = svg("svg", { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    ...x.ticks.map((tick) => svg("text", { x: x.place(tick), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, number(tick))),
    ...y.ticks.map((tick) => svg("text", { x: LEFT - 8, y: y.place(tick) + 4, "text-anchor": "end" }, number(tick))),
    ...y.ticks.map((tick) => svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y.place(tick), y2: y.place(tick) })),
    svg("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }),
    svg("text", { class: "title", x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, across.words),
    svg("text", { class: "title", transform: `translate(14 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`, "text-anchor": "middle" }, up.words),
    marks);
  return { picture, marks, x: x.place, y: y.place };
}

/**
 * @param {Axis} axis
 * @param {number} start px
 * @param {number} end px
 */
function scale(axis, start, end) {
  const turned = axis.isLog ? Math.log10 : (/** @type {number} */ value) => value;
  const known = [...axis.values, ...(axis.includes === undefined ? [] : [axis.includes])].map(turned).filter(Number.isFinite);
  let low = Math.min(...known), high = Math.max(...known);
  if (!(high > low)) [low, high] = [low - 0.5, high + 0.5];
  const space = (high - low) * 0.04;
  [low, high] = [low - space, high + space];
  const place = (/** @type {number} */ value) => start + ((turned(value) - low) / (high - low)) * (end - start);
  if (!axis.isLog) return { place, ticks: round(low, high) };
  return { place, ticks: high - low > 1 ? powers(low, high) : round(10 ** low, 10 ** high) };
}

/**
 * @param {number} low
 * @param {number} high
 */
function powers(low, high) {
  const step = Math.max(1, Math.ceil((high - low) / INTERVALS));
  const first = Math.ceil(low), count = Math.floor((high - first) / step) + 1;
  return Array.from({ length: count }, (_, order) => 10 ** (first + order * step));
}

/**
 * Gives multiples of 1, 2 or 5 times a power of ten.
 * @param {number} low
 * @param {number} high
 */
function round(low, high) {
  const rough = (high - low) / INTERVALS, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step), last = Math.floor(high / step);
  return Array.from({ length: last - first + 1 }, (_, order) => Number(((first + order) * step).toPrecision(12)));
}
