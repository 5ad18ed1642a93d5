/** One Idempotency-Key for one body: sent again after a lost answer, it makes no second thing. */

/** @type {Map<string, string>} */
const keys = new Map();

/**
 * Gives the header for a body, the same one until the body was answered.
 * @param {unknown} json
 * @returns {Record<string, string>}
 */
export function once(json) {
  const text = JSON.stringify(json);
  const key = keys.get(text) ?? [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(16)).join("-");
  keys.set(text, key);
  return { "Idempotency-Key": key };
}

/**
 * The next time the same body is meant anew.
 * @param {unknown} json
 */
export function answered(json) {
  keys.delete(JSON.stringify(json));
}
