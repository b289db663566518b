// Numbers and durations in the words a reader expects; pure, so it is tested without a browser.

const MINUTE = 60, HOUR = 3600, DAY = 86400, YEAR = 365.25 * DAY

const trim = (value, digits) => value.toFixed(digits).replace(/\.0+$/, '')

/** Seconds as one short figure with its unit: `45 s`, `12 min`, `5.2 h`, `3.4 d`, `2.1 y`. Nothing known: `–`. */
export function duration (seconds) {
  if (seconds == null || !Number.isFinite(seconds)) return '–'
  if (seconds < 0) return '−' + duration(-seconds)
  if (seconds === 0) return '0 s'
  if (seconds < 1) return '<1 s'
  if (seconds < 90) return Math.round(seconds) + ' s'
  if (seconds < 90 * MINUTE) return Math.round(seconds / MINUTE) + ' min'
  if (seconds < 36 * HOUR) return trim(seconds / HOUR, 1) + ' h'
  if (seconds < 100 * DAY) return trim(seconds / DAY, 1) + ' d'
  if (seconds < 2 * YEAR) return Math.round(seconds / DAY) + ' d'
  return trim(seconds / YEAR, 1) + ' y'
}

/** A count short enough for a label: 999, 1.2k, 12k, 3.4M. */
export function short (n) {
  if (n == null || !Number.isFinite(n)) return '–'
  if (n < 1000) return trim(n, n % 1 ? 1 : 0)
  if (n < 9950) return trim(n / 1e3, 1) + 'k'
  if (n < 999500) return Math.round(n / 1e3) + 'k'
  if (n < 9.95e6) return trim(n / 1e6, 1) + 'M'
  if (n < 999.5e6) return Math.round(n / 1e6) + 'M'
  return trim(n / 1e9, 1) + 'B'
}

/** A count in full, with thin separators: 12,345. */
export const full = n => n == null ? '–' : Math.round(n).toLocaleString('en-US')

/** `1 case`, `2 cases`: the count in full with its noun. */
export const counted = (n, one, many = one + 's') => `${full(n)} ${n === 1 ? one : many}`

/** A share (0–1) as per cent, with a decimal only where it says something. */
export function percent (share) {
  const p = 100 * share
  if (p > 0 && p < 0.1) return '<0.1 %'
  return (p < 10 && p % 1 ? trim(p, 1) : Math.round(p)) + ' %'
}

/** A difference of shares in percentage points, signed. */
export function points (difference) {
  const p = 100 * difference
  if (Math.abs(p) < 0.05) return '±0 pp'
  return (p > 0 ? '+' : '−') + (Math.abs(p) < 10 ? trim(Math.abs(p), 1) : Math.round(Math.abs(p))) + ' pp'
}

/** A difference of durations, signed. */
export function signedDuration (seconds) {
  if (seconds == null || !Number.isFinite(seconds)) return '–'
  if (seconds === 0) return '±0'
  return (seconds > 0 ? '+' : '−') + duration(Math.abs(seconds))
}
