// How numbers and cells are written wherever people read them. lenet/formatting.py rounds the same way.

import { place } from "./layers.js"

/** A number as people read it, or to the last figure: nine for float32, all of them for our own sums. */
export function figure(value, exact = false, digits = 3) {
  if (exact) return `${Number(Math.fround(value) === value ? value.toPrecision(9) : value)}`.replaceAll("-", "−")
  const size = Math.abs(value)
  if (size !== 0 && (size < 0.5 * 10 ** -digits || size >= 1e6)) return value.toExponential(1).replaceAll("-", "−")
  const shown = value.toFixed(size >= 100 ? 1 : digits)
  return Number(shown) === 0 ? (0).toFixed(digits) : shown.replace("-", "−")
}

/** Two figures after the point, for little grids; the exact number is one touch away. */
export function hundredths(value) {
  const shown = value.toFixed(2)
  return Number(shown) === 0 ? "0.00" : shown.replace("-", "−")
}

/** A probability as people read it; `short` without the digit after the point. */
export function percent(share, short = false) {
  if (short) return share > 0.99 ? "> 99 %" : share < 0.01 ? "< 1 %" : `${(100 * share).toFixed(0)} %`
  if (share > 0.999) return "> 99.9 %"
  return share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`
}

/** The name of a cell, everything counted from 0 as in lenet.explain.cell. */
export function nameOf(stage, cell) {
  const [map, row, column] = place(stage, cell)
  const count = stage.values.length
  if (stage.size.length === 3)
    return `${stage.name}${stage.shape[0] > 1 ? ` · map ${map}` : ""} · row ${row}, column ${column}`
  if (stage.size.length === 2)
    return `${stage.name} · step ${row}, ${stage.kind === "sequence" ? "map" : "unit"} ${column}`
  return `${stage.name} · ${count === 10 ? "digit" : "unit"} ${cell}`
}

/** The same as short as it goes, for buttons. */
export function shortName(stage, cell) {
  const [map, row, column] = place(stage, cell)
  if (stage.size.length === 3) return `${stage.name} ${stage.shape[0] > 1 ? `${map}:` : ""}${row},${column}`
  return `${stage.name} ${stage.size.length === 2 ? `${row}:${column}` : cell}`
}
