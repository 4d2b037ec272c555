// LeNet slides along a row of digits that nobody has cut: the same as lenet/sliding.py, which says how.

import { cropOf, grid, round, SIZE, scaledTo, withoutStrays } from "./ink.js"
import { KINDS } from "./layers.js"

const BOX = 20 // pixels of a digit's height
const AROUND = SIZE / 2 // pixels of paper left and right
const MOST_PIXELS = 600 // of a strip
export const NOTHING = 3 // the logit of an eleventh class, "nothing here"
const APART = 4 // columns from one digit to the next

/** A sheet of ink as one row of digits, a grid 28 high; null if there is no ink. */
export function strip(sheet) {
  const kept = withoutStrays(sheet)
  if (kept.reason) return null
  const crop = cropOf(kept)
  const small = scaledTo(crop, Math.min(MOST_PIXELS, round(BOX * Math.max(1, crop.width / crop.height))))
  const row = grid(SIZE, small.width + 2 * AROUND)
  const above = (SIZE - small.height) >> 1
  for (let r = 0; r < small.height; r++)
    row.values.set(small.values.subarray(r * small.width, (r + 1) * small.width), (above + r) * row.width + AROUND)
  return row
}

/** The ten logits of each place of a row of digits, [columns][10]; row: a grid 28 high. The network stays as it is. */
export function slide(network, row) {
  const first = network.stages.findIndex(({ size }) => size.length < 3)
  const own = (stage) => ({ ...stage, values: new Float32Array(stage.values.length) })
  const stages = network.stages.map(own)
  let [rows, columns] = [row.height, row.width]
  const wide = stages.slice(0, first).map((stage) => {
    const [kernel, stride, padding] = stage.window
    const along = (side) => Math.floor((side + 2 * padding - kernel) / stride) + 1
    ;[rows, columns] = [along(rows), along(columns)]
    return {
      ...stage,
      shape: [stage.shape[0], rows, columns],
      values: new Float32Array(stage.shape[0] * rows * columns),
    }
  })
  wide[0].values.set(row.values)
  wide.forEach((stage, at) => {
    if (at) KINDS[stage.kind].forward(stage, wide[at - 1], network)
  })
  const [maps, high, across] = stages[first - 1].shape
  return Array.from({ length: columns - across + 1 }, (_, column) => {
    for (let line = 0; line < maps * high; line++) {
      const from = line * columns + column
      stages[first - 1].values.set(wide.at(-1).values.subarray(from, from + across), line * across)
    }
    for (let at = first; at < stages.length - 1; at++)
      KINDS[stages[at].kind].forward(stages[at], stages[at - 1], network)
    return [...stages.at(-2).values]
  })
}

/** Of each place the probabilities of ten digits and of nothing. */
export const shares = (logits) =>
  logits.map((ten) => {
    const all = [...ten, NOTHING]
    const most = Math.max(...all)
    const powers = all.map((logit) => Math.exp(logit - most))
    const sum = powers.reduce((one, other) => one + other)
    return powers.map((power) => power / sum)
  })

/** The digits on the best path and their columns, from left to right: [{ column, digit }]. */
export function path(logits) {
  const best = [0]
  const taken = logits.map((ten, column) => {
    const withIt = Math.max(...ten) - NOTHING + best[Math.max(0, column + 1 - APART)]
    best.push(Math.max(best.at(-1), withIt))
    return withIt > best.at(-2)
  })
  const found = []
  for (let column = logits.length - 1; column >= 0; column -= taken[column] ? APART : 1)
    if (taken[column]) found.unshift({ column, digit: logits[column].indexOf(Math.max(...logits[column])) })
  return found
}
