// Which cell is looked at first, and which is next. Nothing here touches the page.

import { place } from "../layers.js"

/** The cell of the first convolution that lies on the digit's strongest edge, in the map that answers most to it. */
export function strongestEdge(net) {
  const number = net.stages.findIndex(({ kind }) => kind === "conv")
  if (number < 0) return { stage: 0, cell: 0 }
  const { shape, window, values } = net.stages[number]
  const [maps, rows, columns] = shape
  const [kernel, stride, padding] = window
  const [, inRows, inColumns] = net.stages[0].shape
  const image = net.stages[0].values
  const at = (r, c) => image[Math.min(inRows - 1, Math.max(0, r)) * inColumns + Math.min(inColumns - 1, Math.max(0, c))]
  let best = { edge: -1, cell: 0 }
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      const [y, x] = [r * stride - padding + (kernel >> 1), c * stride - padding + (kernel >> 1)]
      const edge = Math.hypot(at(y + 1, x) - at(y - 1, x), at(y, x + 1) - at(y, x - 1))
      if (edge > best.edge) best = { edge, cell: r * columns + c }
    }
  const answers = Array.from({ length: maps }, (_, map) => Math.abs(values[map * rows * columns + best.cell]))
  return { stage: number, cell: answers.indexOf(Math.max(...answers)) * rows * columns + best.cell }
}

/** The cell one step away in its map, or null. */
export function neighbour(stage, cell, [right, down]) {
  const [, rows, columns] = stage.shape
  const [map, row, column] = place(stage, cell)
  const [r, c] = [row + down, column + right]
  if (r < 0 || c < 0 || r >= rows || c >= columns) return null
  const next = (map * rows + r) * columns + c
  return next < stage.values.length ? next : null
}
