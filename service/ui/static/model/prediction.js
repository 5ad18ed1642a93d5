/** The prediction that is shown, for panels that put it among others. */

/** @type {((answer: any) => void)[]} */
let listeners = [];
/** @type {any} */
let last = null;

/**
 * Calls a panel with each prediction from now on, and with the last one at once; with null where there is none now.
 * @param {(answer: any) => void} listener
 */
export function onPrediction(listener) {
  listeners.push(listener);
  if (last) listener(last);
}

/** Forgets panels and prediction: another version is shown. */
export function forgetPredictions() {
  listeners = [];
  last = null;
}

/** @param {any} answer of POST …/predict with one row; null where the values have none */
export function announce(answer) {
  last = answer;
  for (const listener of listeners) listener(answer);
}
