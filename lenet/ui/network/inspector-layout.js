// Where the cells of layers are on the inspector's strip. Nothing here touches the page.

import { KINDS, place } from "./layers.js"

const GAP = 1 // cells between two maps of a layer

/** Maps side by side: the size of it all in cells. */
export function mosaicOf({ shape: [maps, rows, columns], across }) {
  const down = Math.ceil(maps / across)
  return { wide: Math.min(maps, across) * (columns + GAP) - GAP, high: down * (rows + GAP) - GAP }
}

/** The upper left corner of a map, in cells. */
export function corner({ shape: [, rows, columns], across }, map) {
  return [(map % across) * (columns + GAP), Math.floor(map / across) * (rows + GAP)]
}

/** The cell at a point of the mosaic given in cells, or null. */
export function cellAt({ shape: [maps, rows, columns], across, values }, x, y) {
  const over = Math.floor(x / (columns + GAP))
  const down = Math.floor(y / (rows + GAP))
  const column = Math.floor(x - over * (columns + GAP))
  const row = Math.floor(y - down * (rows + GAP))
  const map = down * across + over
  if (x < 0 || y < 0 || over >= across || map >= maps || column >= columns || row >= rows) return null
  const cell = (map * rows + row) * columns + column
  return cell < values.length ? cell : null
}

/** The cell one step away; from the edge of a map into the next map. Null at the end. */
export function neighbour(layer, cell, [right, down]) {
  const [map, row, column] = place(layer, cell)
  const [left, top] = corner(layer, map)
  const x = left + column + 0.5
  const y = top + row + 0.5
  return cellAt(layer, x + right, y + down) ?? cellAt(layer, x + right * (1 + GAP), y + down * (1 + GAP))
}

/** The lines around a plane of cells, as [x1, y1, x2, y2] in cells; neighbouring edges are one line. */
export function outline(plane, rows, columns) {
  const lines = []
  const on = (r, c) => r >= 0 && c >= 0 && r < rows && c < columns && plane[r * columns + c] === 1
  const runs = (length, edge, add) => {
    for (let start = 0, at = 0; at <= length; at++)
      if (at === length || !edge(at)) {
        if (at > start) add(start, at)
        start = at + 1
      }
  }
  for (let r = 0; r <= rows; r++)
    runs(
      columns,
      (c) => on(r - 1, c) !== on(r, c),
      (a, b) => lines.push([a, r, b, r]),
    )
  for (let c = 0; c <= columns; c++)
    runs(
      rows,
      (r) => on(r, c - 1) !== on(r, c),
      (a, b) => lines.push([c, a, c, b]),
    )
  return lines
}

/** The pixels that a cell gets in each layer of a block, so that they fit beside each other if they can. */
export function zooms(layers, width, height) {
  const at = (tall) => layers.map((layer) => Math.max(2, Math.min(14, Math.floor(tall / mosaicOf(layer).high))))
  const total = (zoom) => layers.reduce((sum, layer, index) => sum + room(layer, zoom[index]), 0)
  const least = width < 600 ? height : 40 // on a phone layers go under each other rather than shrink
  for (let tall = height; tall >= least; tall -= 4) if (total(at(tall)) <= width) return at(tall)
  const widest = (layer) => Math.floor((width - 24) / mosaicOf(layer).wide)
  return at(height).map((zoom, index) => Math.max(1, Math.min(zoom, widest(layers[index]))))
}

/** The width of a layer with its caption, in pixels. */
function room(layer, zoom) {
  return Math.max(mosaicOf(layer).wide * zoom + (isDigits(layer) ? 18 : 0), 62) + 14
}

/** Whether a layer has one cell for each digit. */
export const isDigits = ({ values }) => values.length === 10

/** Which rows of layers there are: a kind that opens a row does so unless the row has been opened already. */
export function blocks(layers) {
  const found = [[]]
  const opens = ({ kind }) => KINDS[kind].opens
  for (const layer of layers) {
    if (opens(layer) && found.at(-1).some(opens)) found.push([])
    found.at(-1).push(layer)
  }
  return found
}
