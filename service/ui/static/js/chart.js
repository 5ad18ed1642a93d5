/** The loss chart: losses over steps on a log scale, a mark where each stage begins. */

import { svg } from "./elements.js";
import { number } from "./words.js";

/** @typedef {{stage: number, name: string, step: number, train_loss?: number | null, validation_loss?: number | null}} Point */
/** @typedef {{x: number, train: number | null, validation: number | null}} Placed */

const HEIGHT = 320;
const LEAST_WIDTH = 280;
const EDGE = { left: 64, right: 16, top: 28, bottom: 32 };
const LEAST_GAP = 72;

/**
 * Draws the chart.
 * @param {Point[]} points oldest first; steps begin anew in each stage
 * @param {number} space px; the chart is drawn for it, so that letters keep their size
 */
export function lossChart(points, space) {
  const width = Math.max(space, LEAST_WIDTH);
  const { placed, stages, end } = laidOut(points);
  const losses = placed.flatMap((point) => [point.train, point.validation]).filter((loss) => loss !== null);
  const words = losses.length ? `Loss over ${number(end)} steps, from ${number(losses[0])} to ${number(losses.at(-1))}` : "No loss yet";
  const scale = scaleOf(losses, end, width);
  return svg("svg", { class: "chart", width, height: HEIGHT, role: "img", "aria-label": words },
    ...scale.ticks.flatMap((tick) => horizontal(scale.y(tick), width, number(tick))),
    ...stageMarks(stages, scale.x, width),
    svg("text", { class: "label", x: width - EDGE.right, y: HEIGHT - 8, "text-anchor": "end" }, `step ${number(end)}`),
    line("train", placed.map((point) => [point.x, point.train]), scale),
    line("validation", placed.map((point) => [point.x, point.validation]), scale));
}

/**
 * Puts the stages behind one another: each step gets a place on one axis.
 * @param {Point[]} points
 */
function laidOut(points) {
  /** @type {Placed[]} */
  const placed = [];
  /** @type {{x: number, name: string}[]} */
  const stages = [];
  let [start, end, stage] = [0, 0, -1];
  for (const point of points) {
    if (point.stage !== stage) {
      [start, stage] = [end, point.stage];
      stages.push({ x: start, name: point.name });
    }
    end = Math.max(end, start + point.step);
    if (point.step > 0) placed.push({ x: start + point.step, train: positive(point.train_loss), validation: positive(point.validation_loss) });
  }
  return { placed, stages, end };
}

/**
 * What a log scale cannot show is left out.
 * @param {number | null | undefined} loss
 */
function positive(loss) {
  return typeof loss === "number" && Number.isFinite(loss) && loss > 0 ? loss : null;
}

/**
 * @param {number[]} losses
 * @param {number} end
 * @param {number} width
 */
function scaleOf(losses, end, width) {
  const low = losses.length ? losses.reduce((a, b) => Math.min(a, b)) : 0.1;
  const high = losses.length ? losses.reduce((a, b) => Math.max(a, b)) : 1;
  const ticks = logTicks(low, high);
  const [bottom, top] = [Math.log10(ticks[0] ?? low), Math.log10(ticks.at(-1) ?? high)];
  const part = (/** @type {number} */ loss) => (Math.log10(loss) - bottom) / (top - bottom || 1);
  return {
    ticks,
    x: (/** @type {number} */ step) => EDGE.left + ((width - EDGE.left - EDGE.right) * step) / (end || 1),
    y: (/** @type {number} */ loss) => HEIGHT - EDGE.bottom - (HEIGHT - EDGE.top - EDGE.bottom) * part(loss),
  };
}

/**
 * Gives round numbers from below the lowest to above the highest: powers of ten, with 2 and 5 where there are few.
 * @param {number} low
 * @param {number} high
 */
export function logTicks(low, high) {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high) + 1e-9)];
  const decades = Math.max(1, last - first);
  const skip = Math.ceil(decades / 6);
  const heads = decades <= 2 ? [1, 2, 5] : [1];
  const all = [];
  for (let power = first; power <= last; power += skip) for (const head of heads) all.push(Number(`${head}e${power}`));
  if ((all.at(-1) ?? 0) < high) all.push(Number(`1e${last}`));
  const from = all.filter((tick) => tick <= low).at(-1) ?? all[0] ?? low;
  const to = all.find((tick) => tick >= high && tick > from) ?? high;
  return all.filter((tick) => tick >= from && tick <= to);
}

/**
 * @param {number} y
 * @param {number} width
 * @param {string} words
 */
function horizontal(y, width, words) {
  return [
    svg("line", { class: "grid", x1: EDGE.left, x2: width - EDGE.right, y1: y, y2: y }),
    svg("text", { class: "label", x: EDGE.left - 8, y: y + 4, "text-anchor": "end" }, words),
  ];
}

/**
 * @param {{x: number, name: string}[]} stages
 * @param {(step: number) => number} x
 * @param {number} width
 */
function stageMarks(stages, x, width) {
  let free = 0;
  return stages.flatMap((stage) => {
    const at = x(stage.x);
    const mark = svg("line", { class: "stage", x1: at, x2: at, y1: EDGE.top - 8, y2: HEIGHT - EDGE.bottom });
    if (at < free) return [mark];
    free = at + LEAST_GAP;
    const end = at > width - LEAST_GAP;
    return [mark, svg("text", { class: "label", x: at, y: EDGE.top - 12, "text-anchor": end ? "end" : "start" }, stage.name)];
  });
}

/**
 * @param {string} name
 * @param {[number, number | null][]} points
 * @param {{x: (step: number) => number, y: (loss: number) => number}} scale
 */
function line(name, points, scale) {
  const path = points.flatMap(([step, loss]) => (loss === null ? [] : [`${scale.x(step).toFixed(1)} ${scale.y(loss).toFixed(1)}`]));
  return svg("path", { class: `line ${name}`, d: path.length ? `M${path.join("L")}` : "" });
}
