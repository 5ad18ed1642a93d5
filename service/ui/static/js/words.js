/** Numbers, times and lengths of time as a person reads them; the same words as the server's pages have. */

/**
 * Gives a number in at most five digits, a dash for none.
 * @param {unknown} value
 */
export function number(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  const size = Math.abs(value);
  return size >= 1e5 || size < 1e-4 ? value.toExponential(2) : String(Number(value.toPrecision(5)));
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
