// Where the layers stand in the network view. The same layers of different networks stand in the same columns. Nothing
// here touches the page.

import { place } from "./layers.js"

const HEADING = 16 // pixels above a layer for its name
const GAP = 10 // pixels between columns
const BETWEEN = 10 // pixels between lines and networks
const NARROW = 64 // pixels that a column of maps wants at least, on average

const followers = new Set(["relu", "tanh", "sigmoid", "squash", "dropout"]) // kinds that belong to the layer before

/** A plan: { networks, width, height, lines, blocks }. A block is a layer: { network, stage, column, line, x, y, width,
 *  zoom (pixels a cell), places (the corner of each map), heading, bars }. height: pixels that one network may take. */
export function layOut(networks, width, height) {
  const rows = networks.map(({ stages }) => {
    const drawn = stages.filter(({ computes }) => computes)
    const names = keysOf(drawn)
    return drawn.map((stage, at) => ({ key: names[at], stage: { ...stage, last: stage.number === stages.length - 2 } }))
  })
  const keys = unionOf(rows.map((row) => row.map(({ key }) => key)))
  const columns = keys.map((key) =>
    Math.max(
      ...rows
        .flat()
        .filter((one) => one.key === key)
        .map(({ stage }) => share(stage)),
    ),
  )
  const lines = width >= 900 ? 1 : Math.min(3, Math.ceil((NARROW * keys.length) / width))
  const lineOf = split(columns, lines)
  const lineHeight = lines === 1 ? height : Math.max(110, Math.round((height * 1.6) / lines))
  const blocks = []
  for (const [network, row] of rows.entries())
    for (let line = 0; line < lines; line++) {
      const mine = keys.map((_, at) => at).filter((at) => lineOf[at] === line)
      const total = mine.reduce((sum, at) => sum + columns[at], 0)
      const room = width - GAP * (mine.length - 1)
      let x = 0
      const top = (network * lines + line) * (lineHeight + BETWEEN)
      for (const at of mine) {
        const wide = (room * columns[at]) / total
        const found = row.find(({ key }) => key === keys[at])
        if (found)
          blocks.push(
            blockOf(found.stage, {
              network,
              column: at,
              line,
              x,
              y: top + HEADING,
              width: wide,
              height: lineHeight - HEADING,
            }),
          )
        x += wide + GAP
      }
    }
  return { networks, width, lines, height: networks.length * lines * (lineHeight + BETWEEN), blocks }
}

/** For each layer a key, the same for those that do the same at the same place of different networks. */
export function keysOf(stages) {
  const keys = []
  for (const { name, kind } of stages) keys.push(followers.has(kind) ? `${keys.at(-1)}+` : name)
  return keys
}

/** All keys in an order that fits each list. */
function unionOf(lists) {
  const all = []
  for (const list of lists) {
    let at = 0
    for (const key of list) {
      const known = all.indexOf(key)
      if (known >= 0) at = known + 1
      else all.splice(at++, 0, key)
    }
  }
  return all
}

/** How wide a layer wants to be, beside the others. */
function share({ shape: [maps], values, kind, inner }) {
  if (kind === "softmax") return 1.9
  if (maps > 1) return maps > 16 ? 1.6 : 1.15
  return kind === "input" || kind === "normalise" ? 1.5 : values.length === 10 && !inner ? 0.5 : 0.7
}

/** Which line each column stands on, so that all lines are about equally wide. */
function split(columns, lines) {
  const total = columns.reduce((sum, one) => sum + one, 0)
  let before = 0
  return columns.map((one) => {
    const line = Math.min(lines - 1, Math.floor(((before + one / 2) / total) * lines))
    before += one
    return line
  })
}

function blockOf(stage, { height, ...block }) {
  const [maps, rows, columns] = stage.shape
  const ten = stage.values.length === 10 && !stage.inner
  const heading = stage.name
  const name = stage.last ? "logits" : stage.name // what softmax takes
  if (ten && !stage.along) {
    const zoom = height / 10
    const wide = stage.kind === "softmax" ? block.width : Math.min(block.width, zoom)
    const places = Array.from({ length: 10 }, (_, digit) => [block.x, block.y + digit * zoom])
    if (stage.kind === "softmax") return { ...block, stage: stage.number, zoom, places, heading, bars: true }
    return {
      ...block,
      stage: stage.number,
      zoom,
      places: [[block.x, block.y]],
      heading: name,
      ten: true,
      cellWidth: wide,
    }
  }
  const gap = maps > 1 ? 2 : 0
  let best = { zoom: 0, across: 1 }
  for (let across = 1; across <= maps; across++) {
    const down = Math.ceil(maps / across)
    const zoom = Math.min(
      (block.width - gap * (across - 1)) / (across * columns),
      (height - gap * (down - 1)) / (down * rows),
    )
    if (zoom > best.zoom) best = { zoom, across }
  }
  const zoom = Math.min(best.zoom, stage.kind === "input" ? 8 : 10)
  const down = Math.ceil(maps / best.across)
  const top = block.y + (height - down * rows * zoom - gap * (down - 1)) / 2
  const left = block.x + (block.width - best.across * columns * zoom - gap * (best.across - 1)) / 2
  const places = Array.from({ length: maps }, (_, map) => [
    left + (map % best.across) * (columns * zoom + gap),
    top + Math.floor(map / best.across) * (rows * zoom + gap),
  ])
  return { ...block, stage: stage.number, zoom, places, heading }
}

/** The rectangle of a cell { network, stage, cell }, or undefined where its layer is not drawn. */
export function cellRect({ blocks, networks }, { network, stage, cell }) {
  const block = blocks.find((one) => one.network === network && one.stage === stage)
  if (!block) return undefined
  const { zoom, places, bars, width } = block
  if (bars) return { x: block.x, y: places[cell][1], width, height: zoom }
  if (block.ten) return { x: block.x, y: block.y + cell * zoom, width: block.cellWidth, height: zoom }
  const [map, row, column] = place(networks[network].stages[stage], cell)
  return { x: places[map][0] + column * zoom, y: places[map][1] + row * zoom, width: zoom, height: zoom }
}

/** The cell at a point: { network, stage, cell }, or null. */
export function stageAt({ blocks, networks }, x, y) {
  for (const block of blocks) {
    const { network, stage: number, zoom, places, bars, width } = block
    const stage = networks[network].stages[number]
    if (bars || block.ten) {
      const cell = Math.floor((y - block.y) / zoom)
      if (x >= block.x && x < block.x + (bars ? width : block.cellWidth) && cell >= 0 && cell < 10)
        return { network, stage: number, cell }
      continue
    }
    const [, rows, columns] = stage.shape
    for (let map = 0; map < places.length; map++) {
      const column = Math.floor((x - places[map][0]) / zoom)
      const row = Math.floor((y - places[map][1]) / zoom)
      if (row < 0 || column < 0 || row >= rows || column >= columns) continue
      const cell = (map * rows + row) * columns + column
      if (cell < stage.values.length) return { network, stage: number, cell }
    }
  }
  return null
}
