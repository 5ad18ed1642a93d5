/** Where a row is on every curve: its way through the network by the curves' own samples, drawn as a dot on each. */

import { get } from "../js/api.js";
import { byId, svg } from "../js/elements.js";
import { drawnEdges } from "./network.js";

// The curves of more edges are megabytes: they are read when somebody changes a value.
const MANY = 200;

/**
 * Gives what marks a row on all curves.
 * @param {import("./page.js").Page} page
 * @param {string[]} columns in the order of a row's values
 */
export function startTrace(page, columns) {
  /** @type {Promise<any> | null} */
  let asked = null;
  let isFirst = true;
  const figure = byId("picture");
  return async (/** @type {(number | string | null)[]} */ row) => {
    const mayWait = isFirst && page.edges > MANY;
    isFirst = false;
    if (mayWait) return;
    asked ??= get(`${page.address}/activations`, { points: page.points });
    const curves = await asked;
    if (!figure.isConnected) return;
    const values = passed(curves, Object.fromEntries(columns.map((name, place) => [name, row[place] ?? null])));
    for (const edge of drawnEdges()) mark(edge, curves, values);
    const open = byId("edge-content").querySelector("svg.kan > g");
    if (open && page.kept.edge) mark(/** @type {SVGGElement} */ (open), curves, values, page.kept.edge);
  };
}

/**
 * Gives the value of every node, inputs first, in network units.
 * @param {any} curves of GET …/activations
 * @param {Record<string, number | string | null>} row
 * @returns {number[][]}
 */
export function passed(curves, row) {
  const values = [curves.encoding.map((/** @type {any} */ item) => encoded(item, row[item.column] ?? null))];
  for (const layer of curves.layers) {
    const sums = layer.nodes.flatMap((/** @type {any} */ node) => (node.kind === "product" ? node.of : [0])).map(() => 0);
    for (const edge of layer.edges) sums[edge.target] += height(edge, values.at(-1)?.[edge.source] ?? 0);
    values.push(layer.nodes.map((/** @type {any} */ node, /** @type {number} */ place) =>
      node.kind === "product" ? node.of.reduce((/** @type {number} */ all, /** @type {number} */ one) => all * sums[one], 1) : sums[place]));
  }
  return values;
}

/**
 * @param {any} item
 * @param {number | string | null} value
 */
function encoded(item, value) {
  if (item.kind === "missing") return value === null ? 1 : 0;
  if (item.levels) {
    const place = item.levels.indexOf(value === null ? "(missing)" : value);
    return place < 0 ? item.levels.length : place;
  }
  const known = value === null ? (item.fill ?? item.shift) : Number(value);
  const held = Math.min(Math.max(known, item.floor ?? -Infinity), item.ceiling ?? Infinity);
  return (held - item.shift) / item.scale;
}

/**
 * Gives the height of an edge's curve, between samples on a straight line, beyond them as at its end.
 * @param {any} edge
 * @param {number} x
 */
function height(edge, x) {
  if (edge.kind === "pruned") return 0;
  if (edge.kind === "levels") return x < edge.y.length ? edge.y[x] : edge.unseen;
  const last = edge.x.length - 1, step = (edge.x[last] - edge.x[0]) / last || 1;
  const place = (x - edge.x[0]) / step, left = Math.min(Math.max(Math.floor(place), 0), last - 1);
  const [low, high] = [edge.y[left], edge.y[left + 1]];
  return low === null || high === null ? NaN : low + (high - low) * (place - left);
}

/**
 * Puts the dot on a drawn curve.
 * @param {SVGGElement} drawn
 * @param {any} curves
 * @param {number[][]} values
 * @param {string} [name] of the edge, as the network's picture has it
 */
function mark(drawn, curves, values, name = drawn.dataset.edge ?? "") {
  const [layer = 0, source = 0, target = 0] = name.split(",").map(Number);
  const edge = curves.layers[layer].edges.find((/** @type {any} */ each) => each.source === source && each.target === target);
  const path = /** @type {SVGPathElement | null} */ (drawn.querySelector("path.c"));
  drawn.querySelector("circle.now")?.remove();
  if (!edge || !path || edge.kind === "pruned") return;
  const [across, up] = shares(edge, values[layer]?.[source] ?? NaN), box = path.getBBox();
  if (!Number.isFinite(across) || !Number.isFinite(up)) return;
  path.after(svg("circle", { class: "now", r: 3, cx: box.x + across * box.width, cy: box.y + (1 - up) * box.height }));
}

/**
 * Gives how far along and how high on its curve a value is, 0 to 1.
 * @param {any} edge
 * @param {number} x
 * @returns {[number, number]}
 */
function shares(edge, x) {
  const heights = edge.y.filter((/** @type {number | null} */ y) => y !== null);
  if (edge.kind === "levels") heights.push(0);
  const low = Math.min(...heights), high = Math.max(...heights), last = edge.x.length - 1;
  const across = edge.kind === "levels" ? (x + 0.5) / edge.y.length : (x - edge.x[0]) / (edge.x[last] - edge.x[0] || 1);
  const up = high > low ? (height(edge, x) - low) / (high - low) : 0.5;
  return [Math.min(Math.max(across, 0), 1), Math.min(Math.max(up, 0), 1)];
}
