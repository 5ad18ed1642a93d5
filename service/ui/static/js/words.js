/** Numbers, times and lengths of time as a person reads them; the same words as the server's pages have. */

const HIGHEST = 1e15;
const LOWEST = 1e-4;

/**
 * Gives a whole number in all its digits, any other in five, six from 100,000 up; a dash for none.
 * @param {unknown} value
 */
export function number(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (Number.isSafeInteger(value)) return value.toLocaleString("en-US");
  const rounded = Number(value.toPrecision(Math.abs(value) < 1e5 ? 5 : 6));
  const size = Math.abs(rounded);
  if (size >= HIGHEST || size < LOWEST) return rounded.toExponential();
  return rounded.toLocaleString("en-US", { maximumSignificantDigits: 6 });
}

/**
 * Gives a time to the second, UTC.
 * @param {string | null | undefined} value RFC 3339
 */
export function when(value) {
  return value ? `${value.slice(0, 19).replace("T", " ")} UTC` : "–";
}

/**
 * Gives seconds as "12.3 s", "5 min 20 s" or "2 h 5 min".
 * @param {number | null | undefined} seconds
 */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/**
 * Gives a part of a whole as percent.
 * @param {number | null | undefined} fraction
 */
export function percent(fraction) {
  return fraction === null || fraction === undefined ? "–" : `${Math.round(100 * fraction)} %`;
}
