// How numbers and cells are written wherever people read them. lenet/formatting.py rounds the same way.

import { KINDS, place } from "./layers.js"

const minus = (text) => text.replaceAll("-", "−")

/** `value` with that many figures after the point. toFixed rounds 0.125 to 0.13; Python, and this, to the even 0.12. */
export function fixed(value, digits) {
  const halves = Math.abs(value) * 2 ** (digits + 1) // exact; an odd number of them is a tie
  if (halves % 2 !== 1) return minus(value.toFixed(digits))
  const below = (halves * 5 ** digits - 1) / 2
  const even = (below + (below % 2)) / 10 ** digits
  return minus((value < 0 ? -even : even).toFixed(digits))
}

/** A number as people read it, or to the last figure: nine for float32, all of them for our own sums. */
export function figure(value, exact = false, digits = 3) {
  if (exact) return minus(`${Number(Math.fround(value) === value ? value.toPrecision(9) : value)}`)
  const size = Math.abs(value)
  if (size !== 0 && (size < 0.5 * 10 ** -digits || size >= 1e6)) return minus(value.toExponential(1))
  return unsigned(fixed(value, size >= 100 ? 1 : digits))
}

/** The same, but what is nearly zero is 0.000: powers of ten are for those who want exact figures. */
export const plainly = (value, exact = false) => (!exact && Math.abs(value) < 5e-4 ? fixed(0, 3) : figure(value, exact))

/** Two figures after the point, for little grids; the exact number is one touch away. */
export const hundredths = (value) => unsigned(fixed(value, 2))

/** Without the minus of a number that was rounded to zero. */
const unsigned = (text) => (/[1-9a-z]/i.test(text) ? text : text.replace("−", ""))

/** A probability as people read it; `short` without the digit after the point. */
export function percent(share, short = false) {
  if (short) return share > 0.99 ? "> 99 %" : share < 0.01 ? "< 1 %" : `${fixed(100 * share, 0)} %`
  if (share > 0.999) return "> 99.9 %"
  return share < 0.001 ? "< 0.1 %" : `${fixed(100 * share, 1)} %`
}

/** The name of a cell, everything counted from 0 as in lenet.explain.cell. */
export function nameOf(stage, cell) {
  const [map, row, column] = place(stage, cell)
  const count = stage.values.length
  if (stage.size.length === 3)
    return `${stage.name}${stage.shape[0] > 1 ? ` · map ${map}` : ""} · row ${row}, column ${column}`
  if (stage.size.length === 2) return `${stage.name} · step ${row}, ${KINDS[stage.kind].column ?? "unit"} ${column}`
  return `${stage.name} · ${count === 10 && !stage.inner ? "digit" : "unit"} ${cell}`
}

/** The same as short as it goes, for buttons. */
export function shortName(stage, cell) {
  const [map, row, column] = place(stage, cell)
  if (stage.size.length === 3) return `${stage.name} ${stage.shape[0] > 1 ? `${map}:` : ""}${row},${column}`
  return `${stage.name} ${stage.size.length === 2 ? `${row}:${column}` : cell}`
}
