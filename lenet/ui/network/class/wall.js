// The wall: every digit that the class has written, digit by digit. A tile leads to the network view; the teacher can hide
// it. Tiles stay where they are: only what is new is painted.

import { el } from "../dom.js"
import { decode, SIDE } from "../ink.js"
import { colourOf } from "./card.js"
import { paintStrokes } from "./pad.js"

const PIXELS = 96 // of a tile's own canvas
const LARGEST = 92 // pixels of a tile on the page
const SMALLEST = 24 // as small as a target may be
const SCROLLED = 44 // where the wall does not fit the window anyway
const GAP = 5

export default function ({ data, root, setTriggerValue }) {
  root.wall ??= wallOf(root)
  root.wall(data.drawings, (id, hidden) => setTriggerValue("hide", { id, hidden }))
}

function wallOf(root) {
  const tiles = new Map()
  const rows = Array.from({ length: 10 }, (_, digit) => {
    const row = el("div", { className: "tiles", role: "list", "aria-label": `Digits that should be ${digit}` })
    return { row, element: el("div", { className: "wall-row" }, el("b", { "aria-hidden": "true" }, `${digit}`), row) }
  })
  const empty = el("p", { className: "state" }, "The first digits appear here in a moment.")
  root.replaceChildren(el("div", { className: "wall" }, empty, ...rows.map(({ element }) => element)))
  let shown = []
  const fit = () => root.style.setProperty("--tile", `${sizeOf(rows, shown)}px`)
  let width = 0
  new ResizeObserver(() => {
    if (root.clientWidth === width) return // it only grew longer
    width = root.clientWidth
    fit()
  }).observe(root)
  return (drawings, hide) => {
    shown = drawings
    const there = new Set(drawings.map(([id]) => id))
    for (const [id, tile] of tiles) if (!there.has(id)) tiles.delete(id) && tile.remove()
    for (const [id, pupil, label, strokes, hidden] of drawings) {
      let tile = tiles.get(id)
      if (!tile) {
        tile = tileOf(pupil, label, strokes)
        tiles.set(id, tile)
        rows[label].row.append(tile)
      }
      if (tile.hiddenBefore === hidden) continue
      tile.hiddenBefore = hidden
      const button = tile.querySelector("button")
      tile.classList.toggle("away", hidden)
      button.textContent = hidden ? "↺" : "✕"
      button.title = hidden ? "Put it back on the wall" : "Hide it from the wall"
      button.setAttribute("aria-label", `${button.title}: a ${label} by pupil ${pupil}`)
      button.onclick = () => hide(id, !hidden)
    }
    fit()
    empty.hidden = drawings.length > 0
  }
}

/** The largest tiles with which the whole wall fits the window. */
function sizeOf(rows, drawings) {
  const counts = Array.from({ length: rows.length }, () => 0)
  for (const [, , label] of drawings) counts[label]++
  const { left, right, top } = rows[0].row.getBoundingClientRect()
  const zoom = (right - left) / rows[0].row.clientWidth || 1 // the page is enlarged on a projector
  const high = (innerHeight - Math.max(0, top + scrollY)) / zoom
  const fits = (size) => {
    const across = Math.max(1, Math.floor(((right - left) / zoom + GAP) / (size + GAP)))
    return counts.reduce((sum, count) => sum + Math.max(0.5, Math.ceil(count / across)) * (size + GAP), 0) <= high
  }
  let size = LARGEST
  while (size >= SMALLEST && !fits(size)) size--
  return size < SMALLEST ? SCROLLED : size
}

function tileOf(pupil, label, text) {
  const canvas = el("canvas", { width: PIXELS, height: PIXELS })
  const context = canvas.getContext("2d")
  context.fillRect(0, 0, PIXELS, PIXELS)
  paintStrokes(context, decode(text), PIXELS / SIDE)
  const link = el(
    "a",
    { href: `./?drawing=${text}`, target: "_blank", title: `By pupil ${pupil}: see how it is read` },
    canvas,
  )
  link.setAttribute("aria-label", `A ${label} by pupil ${pupil}: see how it is read`)
  const tile = el("div", { className: "tile", role: "listitem", style: `--colour: ${colourOf(pupil)}` }, link)
  tile.append(el("button", {}))
  return tile
}
