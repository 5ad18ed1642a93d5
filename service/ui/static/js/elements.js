/** Elements from names, attributes and children: text is always text, never markup. */

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {string | number | boolean | null | undefined | ((event: any) => unknown)} Value */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Gives an HTML element; attributes that begin with "on" are listeners, true and false set or leave out an attribute.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, Value>} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/**
 * Gives an SVG element.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, Value>} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

/**
 * Finds an element of the page that must be there.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}`);
  return found;
}

/**
 * Gives an element that scrolls sideways where its content is wider than the page, by keyboard too.
 * @param {string} label what a screen reader says
 * @param {...Child} children
 */
export function scroller(label, ...children) {
  return element("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": label }, ...children);
}

/**
 * Gives a table.
 * @param {string} label
 * @param {[string, string?][]} heads words and class of each column
 * @param {(Child | Child[])[][]} rows
 */
export function table(label, heads, rows) {
  const cells = (/** @type {(Child | Child[])[]} */ row) =>
    row.map((cell, place) => element("td", { class: heads[place]?.[1] }, ...[cell].flat()));
  const head = heads.map(([words, kind]) => element("th", { class: kind, scope: "col" }, words));
  return scroller(label, element("table", {},
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells(row))))));
}

/**
 * @template {HTMLElement | SVGElement} E
 * @param {E} made
 * @param {Record<string, Value>} attributes
 * @param {(Child | Child[])[]} children
 * @returns {E}
 */
function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, String(value));
  }
  const shown = children.flat().filter((child) => child !== null && child !== undefined && child !== false);
  made.append(.../** @type {(Node | string)[]} */ (shown.map((child) => (typeof child === "number" ? String(child) : child))));
  return made;
}
