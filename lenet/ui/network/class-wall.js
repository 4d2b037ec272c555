// The wall: every digit that the class has written, digit by digit. A tile leads to the network view; the teacher can hide
// it. Tiles stay where they are: only what is new is painted.

import { colourOf } from "./class-card.js"
import { paintStrokes } from "./class-pad.js"
import { el } from "./dom.js"
import { decode, SIDE } from "./ink.js"

const PIXELS = 96 // of a tile's own canvas
const SIZES = [
  [60, 92],
  [200, 68],
  [600, 52],
] // up to so many drawings, tiles of so many pixels
const SMALLEST = 38

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
  return (drawings, hide) => {
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
    const size = SIZES.find(([most]) => drawings.length <= most)?.[1] ?? SMALLEST
    root.style.setProperty("--tile", `${size}px`)
    empty.hidden = drawings.length > 0
  }
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
