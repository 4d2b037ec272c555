// Where the cells are on the screen, and what they are called. Nothing here touches the page.

const GAP = 1 // cells between two maps of a layer

/** Maps side by side: columns and rows of maps, and the size of it all in cells. */
function mosaicOf({ shape: [maps, rows, columns], across }) {
  const over = Math.min(maps, across), down = Math.ceil(maps / over)
  return { over, wide: over * (columns + GAP) - GAP, high: down * (rows + GAP) - GAP }
}

/** The upper left corner of a map, in cells. */
function corner({ shape: [, rows, columns], across }, map) {
  return [(map % across) * (columns + GAP), Math.floor(map / across) * (rows + GAP)]
}

/** The cell at a point of the mosaic given in cells, or null. */
function cellAt(stage, x, y) {
  const [maps, rows, columns] = stage.shape
  const over = Math.floor(x / (columns + GAP)), down = Math.floor(y / (rows + GAP))
  const column = Math.floor(x - over * (columns + GAP)), row = Math.floor(y - down * (rows + GAP))
  const map = down * stage.across + over
  if (x < 0 || y < 0 || over >= stage.across || map >= maps || column >= columns || row >= rows) return null
  const cell = (map * rows + row) * columns + column
  return cell < stage.values.length ? cell : null
}

/** The cell one step away; from the edge of a map into the next map. Null at the end. */
function neighbour(stage, cell, [right, down]) {
  const [map, row, column] = place(stage, cell), [left, top] = corner(stage, map)
  const x = left + column + 0.5, y = top + row + 0.5
  return cellAt(stage, x + right, y + down) ?? cellAt(stage, x + right * (1 + GAP), y + down * (1 + GAP))
}

/** The lines around a plane of cells, as [x1, y1, x2, y2] in cells; neighbouring edges are one line. */
function outline(plane, rows, columns) {
  const lines = []
  const on = (r, c) => r >= 0 && c >= 0 && r < rows && c < columns && plane[r * columns + c] === 1
  const runs = (length, edge, add) => {
    for (let start = 0, at = 0; at <= length; at++)
      if (at === length || !edge(at)) {
        if (at > start) add(start, at)
        start = at + 1
      }
  }
  for (let r = 0; r <= rows; r++) runs(columns, (c) => on(r - 1, c) !== on(r, c), (a, b) => lines.push([a, r, b, r]))
  for (let c = 0; c <= columns; c++) runs(rows, (r) => on(r, c - 1) !== on(r, c), (a, b) => lines.push([c, a, c, b]))
  return lines
}

/** The pixels that a cell gets in each layer of a block, so that they fit beside each other if they can. */
function zooms(stages, width, height) {
  const at = (tall) => stages.map((stage) => Math.max(2, Math.min(14, Math.floor(tall / mosaicOf(stage).high))))
  const total = (zoom) => stages.reduce((sum, stage, index) => sum + room(stage, zoom[index]), 0)
  const least = width < 600 ? height : 40 // on a phone layers go under each other rather than shrink
  for (let tall = height; tall >= least; tall -= 4) if (total(at(tall)) <= width) return at(tall)
  return at(height).map((zoom, index) => Math.max(1, Math.min(zoom, Math.floor((width - 24) / mosaicOf(stages[index]).wide))))
}

/** The width of a layer with its caption, in pixels. */
function room(stage, zoom) {
  return Math.max(mosaicOf(stage).wide * zoom + (isDigits(stage) ? 18 : 0), 62) + 14
}

const isDigits = ({ values, along }) => values.length === 10 && !along

/** Which rows of layers the strip has: a new one at each convolution but the first, and at the head. */
function blocks(stages) {
  const found = [[]]
  for (const stage of stages) {
    const head = ["flatten", "sequence"].includes(stage.kind)
    if (head || (stage.kind === "conv" && stage.name !== "conv1")) found.push([])
    found.at(-1).push(stage)
  }
  return found
}

/** The name of a cell, everything counted from 0 as in lenet.explain.cell. */
function nameOf(stage, cell) {
  const [map, row, column] = place(stage, cell)
  const count = stage.values.length
  if (stage.size.length === 3) return `${stage.name}${stage.shape[0] > 1 ? ` · map ${map}` : ""} · row ${row}, column ${column}`
  if (stage.size.length === 2) return `${stage.name} · step ${row}, ${stage.kind === "sequence" ? "map" : "unit"} ${column}`
  return `${stage.name} · ${count === 10 ? "digit" : "unit"} ${cell}`
}

/** The same as short as it goes, for buttons. */
function shortName(stage, cell) {
  const [map, row, column] = place(stage, cell)
  if (stage.size.length === 3) return `${stage.name} ${stage.shape[0] > 1 ? `${map}:` : ""}${row},${column}`
  return `${stage.name} ${stage.size.length === 2 ? `${row}:${column}` : cell}`
}

/** A number as people read it, or to the last figure: nine for float32, all of them for our own sums. */
function figure(value, exact = false, digits = 3) {
  if (exact) return `${Number(Math.fround(value) === value ? value.toPrecision(9) : value)}`.replace("-", "−")
  const size = Math.abs(value)
  if (size !== 0 && (size < 0.5 * 10 ** -digits || size >= 1e6)) return value.toExponential(1).replaceAll("-", "−")
  const shown = value.toFixed(size >= 100 ? 1 : digits)
  return Number(shown) === 0 ? (0).toFixed(digits) : shown.replace("-", "−")
}

/** Two figures after the point, for the little grids; the exact number is one touch away. */
function hundredths(value) {
  const shown = value.toFixed(2)
  return Number(shown) === 0 ? "0.00" : shown.replace("-", "−")
}

/** The row of the colour table for a value. */
function levelOf(value, scale, signed) {
  const share = scale > 0 ? Math.max(-1, Math.min(1, value / scale)) : 0
  return Math.round(255 * (signed ? share / 2 + 0.5 : Math.max(0, share)))
}
