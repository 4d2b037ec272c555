// How numbers are written wherever people read them: as in lenet/formatting.py, rounded the same way.

const NARROW = "\u00a0" // no line breaks between a number and its unit

/** A text of JavaScript's with real minus signs. */
const minus = (text) => text.replaceAll("-", "−")

/** `value` with that many figures after the point. toFixed rounds 0.125 to 0.13; Python, and this, to the even 0.12. */
export function fixed(value, digits) {
  const halves = Math.abs(value) * 2 ** (digits + 1) // exact; an odd number of them is a tie
  if (halves % 2 !== 1) return minus(value.toFixed(digits))
  const below = (halves * 5 ** digits - 1) / 2
  const even = (below + (below % 2)) / 10 ** digits
  return minus((value < 0 ? -even : even).toFixed(digits))
}

/** 0.985 -> 98.5 %. */
export function percent(share, digits = 1) {
  return `${fixed(100 * share, digits)} %`
}

/** The same of a network's answer, on one line; 100 % would say more than a softmax can. */
export function probability(share) {
  return (share > 0.99 ? "> 99 %" : percent(share, 0)).replaceAll(" ", NARROW)
}

/** A number as people read it, or to the last figure: nine for float32, all of them for our own sums. */
export function figure(value, exact = false, digits = 3) {
  if (exact) return minus(`${Number(Math.fround(value) === value ? value.toPrecision(9) : value)}`)
  const size = Math.abs(value)
  if (size !== 0 && (size < 0.5 * 10 ** -digits || size >= 1e6)) return minus(value.toExponential(1))
  return unsigned(fixed(value, size >= 100 ? 1 : digits))
}

/** Two figures after the point, for little grids of numbers. */
export function hundredths(value) {
  return unsigned(fixed(value, 2))
}

/** Without the minus of a number that was rounded to zero. */
function unsigned(text) {
  return /[1-9]|[a-z]/i.test(text) ? text : text.replace("−", "")
}
