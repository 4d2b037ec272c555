// The strip: all layers of a network in rows, and the outlines of what a cell looks at and is used by.

import { el, paintCells } from "./dom.js"
import { figure, nameOf } from "./formatting.js"
import { blocks, corner, isDigits, mosaicOf, outline, zooms } from "./inspector-layout.js"
import { count, KINDS, looksAt, only, onMap, place, usedBy } from "./layers.js"
import { LOOKS_AT, USED_BY } from "./palette.js"

/** The elements of the strip. state gets the canvases, overlays and zooms of the layers. */
export function stripParts(state, width, height) {
  return blocks(state.net.stages).map((layers) => {
    const zoom = zooms(layers, width, height)
    return el("div", { className: "block" }, ...layers.map((layer, index) => layerFigure(state, layer, zoom[index])))
  })
}

function layerFigure(state, layer, zoom) {
  const { number, name, about, size: numbers } = layer
  const { wide, high } = mosaicOf(layer)
  const ratio = window.devicePixelRatio || 1
  const maps = el("canvas", { tabIndex: 0, role: "application" })
  const over = el("canvas", { className: "over", width: Math.round(wide * zoom * ratio) })
  over.height = Math.round(high * zoom * ratio)
  over.setAttribute("aria-hidden", "true")
  for (const canvas of [maps, over]) resize(canvas, wide * zoom, high * zoom)
  maps.dataset.number = number
  const keys = "Arrow keys move, Enter takes the number apart, Escape leaves it."
  maps.setAttribute("aria-label", `${name}: ${about}; ${numbers.join(" × ")} numbers. ${keys}`)
  state.zoom[number] = zoom
  state.canvases[number] = maps
  state.overlays[number] = over
  paintMaps(maps, layer)
  const range = `${layer.signed ? "±" : "0–"}${figure(layer.scale, false, layer.scale < 0.1 ? 4 : 2)}`
  const caption = [el("b", {}, name), el("span", {}, numbers.join(" × ")), el("span", {}, range)]
  return el(
    "figure",
    {},
    el(
      "div",
      { className: "maps" },
      el("div", { className: "pair" }, maps, over),
      isDigits(layer) ? digits(Math.min(13, zoom)) : null,
    ),
    el("figcaption", { title: about }, ...caption),
  )
}

function resize(canvas, width, height) {
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
}

/** Paint the maps of a layer side by side, one pixel a cell: CSS enlarges the canvas. */
function paintMaps(canvas, layer) {
  const { wide, high } = mosaicOf(layer)
  const [maps, rows, columns] = layer.shape
  const column = document.createElement("canvas") // the maps under one another
  paintCells(column, layer.values, maps * rows, columns, layer.scale, layer.signed)
  Object.assign(canvas, { width: wide, height: high })
  const context = canvas.getContext("2d")
  for (let map = 0; map < maps; map++)
    context.drawImage(column, 0, map * rows, columns, rows, ...corner(layer, map), columns, rows)
}

function digits(fontSize) {
  const names = Array.from({ length: 10 }, (_, digit) => el("span", {}, `${digit}`))
  return el("div", { className: "digits", "aria-hidden": "true", style: `font-size:${fontSize}px` }, ...names)
}

/** A line that can be seen on every colour of both palettes: dark below, bright above. */
export function stroke(context, colour, thickness, dash = []) {
  context.setLineDash([])
  context.lineWidth = thickness + 2
  context.strokeStyle = "#0b1020"
  context.stroke()
  context.setLineDash(dash)
  context.lineWidth = thickness
  context.strokeStyle = colour
  context.stroke()
}

/** The outlines of what the cell looks at (solid) and is used by (dashed), and the cell itself, on all layers. */
export function outlines(state, readout) {
  const { net, pinned, hover, overlays, drawn } = state
  for (const number of drawn) {
    const { width, height } = overlays[number]
    overlays[number].getContext("2d").clearRect(0, 0, width, height)
  }
  drawn.clear()
  const at = hover ?? pinned
  const before = at && looksAt(net, at.stage, at.cell)
  const behind = at && usedBy(net, at.stage, at.cell)
  describe(readout, net.stages, at, before, behind)
  if (at) {
    for (const [number, field] of before.slice(0, -1).entries())
      if (field.plane.includes(1)) ring(state, number, field, LOOKS_AT, [])
    for (let number = at.stage + 1; number < net.stages.length; number++) {
      if (!behind[number].plane.includes(1)) break
      ring(state, number, behind[number], USED_BY, [4, 3])
      if (KINDS[net.stages[number].kind].spreads) break // from here on everything uses it
    }
    ring(state, at.stage, only(net.stages[at.stage], at.cell), "#ffffff", [])
  }
  if (pinned && hover) ring(state, pinned.stage, only(net.stages[pinned.stage], pinned.cell), "#ffffff", [])
}

function ring({ net, overlays, zoom, drawn }, number, field, colour, dash) {
  const layer = net.stages[number]
  const [maps, rows, columns] = layer.shape
  const context = overlays[number].getContext("2d")
  const z = zoom[number]
  const ratio = window.devicePixelRatio || 1
  drawn.add(number)
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.beginPath()
  const { wide, high } = mosaicOf(layer)
  const whole = maps > 1 && field.map < 0 && !field.plane.includes(0)
  if (whole) context.rect(1, 1, wide * z - 2, high * z - 2) // one line around all maps, not one around each
  const lines = whole ? [] : outline(field.plane, rows, columns)
  for (let map = 0; map < maps; map++) {
    if (!onMap(field, map)) continue
    const [left, top] = corner(layer, map)
    for (const [x1, y1, x2, y2] of lines) {
      context.moveTo((left + x1) * z, (top + y1) * z)
      context.lineTo((left + x2) * z, (top + y2) * z)
    }
  }
  stroke(context, colour, dash.length ? 1.5 : 2, dash)
}

/** One line about the cell: its value, how much it looks at, how much uses it. */
function describe(readout, layers, at, before, behind) {
  if (!at) {
    readout.textContent = "Point at any cell. A click or Enter takes its number apart."
    return
  }
  const layer = layers[at.stage]
  const next = layers[at.stage + 1]
  const used = next && count(behind[next.number], next)
  const many = used ? `${used} of ${next.values.length} numbers of` : "nothing of"
  readout.replaceChildren(
    el("b", {}, nameOf(layer, at.cell)),
    ` = ${figure(layer.values[at.cell])}`,
    at.stage ? ` · looks at ${count(before[0], layers[0])} of ${layers[0].values.length} pixels` : "",
    next ? ` · is used by ${many} ${next.name}` : "",
  )
}

/** The map of the pinned cell, large enough for a finger. */
export function paintLens(canvas, { net, pinned }) {
  const layer = net.stages[pinned.stage]
  const [, rows, columns] = layer.shape
  const [map, row, column] = place(layer, pinned.cell)
  const z = lensZoom(layer)
  const small = el("canvas")
  const cells = layer.values.subarray(map * rows * columns, (map + 1) * rows * columns)
  paintCells(small, cells, rows, columns, layer.scale, layer.signed)
  const ratio = window.devicePixelRatio || 1
  canvas.width = columns * z * ratio
  canvas.height = rows * z * ratio
  resize(canvas, columns * z, rows * z)
  const context = canvas.getContext("2d")
  context.scale(ratio, ratio)
  context.imageSmoothingEnabled = false
  context.drawImage(small, 0, 0, columns * z, rows * z)
  context.beginPath()
  context.rect(column * z, row * z, z, z)
  stroke(context, "#ffffff", 2)
}

const lensZoom = ({ shape: [, rows, columns] }) => Math.max(2, Math.min(16, Math.floor(150 / Math.max(rows, columns))))

/** The cell under the pointer in the lens, or null. */
export function lensCell({ net, pinned }, { offsetX, offsetY }) {
  const layer = net.stages[pinned.stage]
  const [, rows, columns] = layer.shape
  const z = lensZoom(layer)
  const row = Math.floor(offsetY / z)
  const column = Math.floor(offsetX / z)
  const cell = (place(layer, pinned.cell)[0] * rows + row) * columns + column
  return row >= 0 && row < rows && column >= 0 && column < columns && cell < layer.values.length ? cell : null
}
