/** Brings what is shown up to date in place: what stays the same keeps the keyboard and a click that is under way. */

/**
 * Shows children in a place and replaces only what differs; an element that stays keeps its own listeners.
 * @param {Element} place
 * @param {...(Node | string)} children
 */
export function renew(place, ...children) {
  const wanted = document.createDocumentFragment();
  wanted.append(...children);
  mend(place, wanted);
}

/**
 * @param {Node} place
 * @param {Node} wanted
 */
function mend(place, wanted) {
  const there = /** @type {ChildNode[]} */ ([...place.childNodes]);
  const children = [...wanted.childNodes];
  for (const [order, child] of children.entries()) {
    const before = there[order];
    if (!before) place.appendChild(child);
    else if (isSameButForContent(before, child)) mend(before, child);
    else before.replaceWith(child);
  }
  for (const rest of there.slice(children.length)) rest.remove();
}

/**
 * @param {Node} before
 * @param {Node} after
 */
function isSameButForContent(before, after) {
  return before.cloneNode(false).isEqualNode(after.cloneNode(false));
}
