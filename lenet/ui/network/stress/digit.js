// The digit, large, with handles: drag it to shift it, turn, squeeze and scale it, or pinch it with two fingers. Where a
// network is to be fooled, each press flips a pixel.

import { el, paintCells, svg } from "../dom.js"
import { SIZE } from "../ink.js"
import { change, flip, fool, state, wayOf } from "./state.js"
import { show } from "./transform.js"

const HALF = 10 // pixels from the middle of a digit to its upper edge
const EDGE = 13.2 // pixels from the middle beyond which no handle goes
const STEPS = 40 // arrow presses from one end of a way to the other
const JUMP = 5 // of them for Page Up and Page Down

// Where each handle is on the unchanged digit, in halves of it; what it is called.
const HANDLES = {
  rotate: { at: [0, -1], sign: "↻", name: "Turn" },
  scale: { at: [1, 1], sign: "⤡", name: "Size" },
  squeeze: { at: [1, 0], sign: "↔", name: "Squeeze" },
  shift: { at: [-1, 0], sign: "✥", name: "Shift" },
}

/** Where a place of the unchanged digit is now; both in pixels from the middle of the picture. */
function moved([x, y], { squeeze, scale, rotate, shift }) {
  const [cos, sin] = [Math.cos((rotate * Math.PI) / 180), Math.sin((rotate * Math.PI) / 180)]
  const [across, down] = [x * scale * (1 - squeeze / 100), y * scale]
  return [across * cos + down * sin + shift, down * cos - across * sin]
}

export function digitView() {
  const canvas = el("canvas", { width: SIZE, height: SIZE, className: "large" })
  const frame = svg("polygon")
  const marks = svg("path", { class: "marks" })
  const cursor = svg("rect", { class: "cursor", width: 1, height: 1 })
  const viewBox = `${-SIZE / 2} ${-SIZE / 2} ${SIZE} ${SIZE}`
  const outline = svg("svg", { viewBox, "aria-hidden": true }, frame, marks, cursor)
  const handles = Object.entries(HANDLES).map(([id, { sign, name }]) => {
    const handle = el("button", { type: "button", className: "handle", role: "slider", tabIndex: 0 }, sign)
    handle.setAttribute("aria-label", name)
    handle.dataset.handle = id
    return { id, handle }
  })
  const stage = el("div", { className: "stage" }, canvas, outline, ...handles.map(({ handle }) => handle))
  let cell = 14 * SIZE + 14
  let held = null // what a drag started from
  const pointers = new Map()

  const placeOf = (event) => {
    const box = stage.getBoundingClientRect()
    return [
      ((event.clientX - box.left) / box.width - 0.5) * SIZE,
      ((event.clientY - box.top) / box.height - 0.5) * SIZE,
    ]
  }
  const cellAt = ([x, y]) => {
    const [column, row] = [Math.floor(x + SIZE / 2), Math.floor(y + SIZE / 2)]
    return column >= 0 && row >= 0 && column < SIZE && row < SIZE ? row * SIZE + column : null
  }
  const hold = (event) => {
    const all = [...pointers.values()]
    const handle = event.target.closest?.("[data-handle]")?.dataset.handle ?? "shift"
    held = { handle, amounts: { ...state.amounts }, start: all.map((place) => [...place]) }
  }
  stage.onpointerdown = (event) => {
    if (event.button !== 0) return
    stage.setPointerCapture(event.pointerId)
    pointers.set(event.pointerId, placeOf(event))
    if (state.fooling) {
      const pressed = cellAt(placeOf(event))
      if (pressed === null) return
      cell = pressed
      held = { adds: !fool.flips.has(pressed) }
      flip(pressed)
      return
    }
    hold(event)
  }
  stage.onpointermove = (event) => {
    if (!pointers.has(event.pointerId) || !held) return
    pointers.set(event.pointerId, placeOf(event))
    if (state.fooling) {
      const entered = cellAt(placeOf(event))
      if (entered === null || fool.flips.has(entered) === held.adds) return
      cell = entered
      flip(entered)
      return
    }
    change(pointers.size > 1 ? pinched(held, [...pointers.values()]) : dragged(held, [...pointers.values()][0]))
  }
  stage.onpointerup = stage.onpointercancel = (event) => {
    pointers.delete(event.pointerId)
    held = null
    if (pointers.size && !state.fooling) hold(event) // one finger of two was lifted
  }
  stage.onkeydown = (event) => {
    const id = event.target.dataset?.handle
    if (id) turnKey(event, id)
    else if (state.fooling) cellKey(event)
  }
  function turnKey(event, id) {
    const { low, high } = wayOf(id)
    const step = (high - low) / STEPS
    const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: JUMP, PageDown: -JUMP }[event.key]
    const ends = { Home: low, End: high }[event.key]
    if (steps === undefined && ends === undefined) return
    change({ [id]: ends ?? state.amounts[id] + steps * step })
    event.preventDefault()
  }
  function cellKey(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key]
    if (!step && event.key !== " " && event.key !== "Enter") return
    event.preventDefault()
    if (!step) flip(cell)
    else {
      const [column, row] = [(cell % SIZE) + step[0], Math.floor(cell / SIZE) + step[1]]
      if (column >= 0 && row >= 0 && column < SIZE && row < SIZE) cell = row * SIZE + column
    }
    update()
  }

  function update() {
    paintCells(canvas, state.picture, SIZE, SIZE)
    stage.classList.toggle("fooling", state.fooling)
    const corners = [
      [-1, -1],
      [1, -1],
      [1, 1],
      [-1, 1],
    ].map(([x, y]) => moved([HALF * x, HALF * y], state.amounts))
    frame.setAttribute("points", corners.map((corner) => corner.join()).join(" "))
    for (const { id, handle } of handles) {
      const [x, y] = moved(
        HANDLES[id].at.map((side) => HALF * side),
        state.amounts,
      ).map((place) => Math.min(EDGE, Math.max(-EDGE, place)))
      handle.style.left = `${(100 * (x + SIZE / 2)) / SIZE}%`
      handle.style.top = `${(100 * (y + SIZE / 2)) / SIZE}%`
      const way = wayOf(id)
      for (const [name, value] of [
        ["valuemin", way.low],
        ["valuemax", way.high],
        ["valuenow", state.amounts[id]],
        ["valuetext", show(way, state.amounts[id])],
      ])
        handle.setAttribute(`aria-${name}`, value)
    }
    const changed = state.fooling ? [...changedCells()] : []
    marks.setAttribute("d", changed.map((at) => `M${(at % SIZE) - 14},${Math.floor(at / SIZE) - 14}h1v1h-1z`).join(""))
    cursor.setAttribute("x", (cell % SIZE) - 14)
    cursor.setAttribute("y", Math.floor(cell / SIZE) - 14)
    canvas.tabIndex = state.fooling ? 0 : -1
    canvas.setAttribute("role", state.fooling ? "application" : "img")
    canvas.setAttribute("aria-label", labelOf(cell))
  }
  return { element: stage, update }
}

/** Pixels that are outlined: those that were flipped. */
const changedCells = () =>
  fool.shown === "greedy" ? (fool.greedy?.flips ?? []) : fool.shown === "hand" ? fool.flips : []

function labelOf(cell) {
  const changes = state.ways
    .filter(({ id, neutral }) => state.amounts[id] !== neutral)
    .map((way) => `${way.label.toLowerCase()} ${show(way, state.amounts[way.id])}`)
  const picture = `The picture that the networks read: ${state.digit.source}, ${changes.join(", ") || "unchanged"}`
  if (!state.fooling) return picture
  const at = `row ${Math.floor(cell / SIZE)}, column ${cell % SIZE}`
  return `${picture}. Arrow keys move over its pixels, Space flips one. Now at ${at}${fool.flips.has(cell) ? ", flipped" : ""}.`
}

const from = ([x, y], { shift }) => [x - shift, y] // from the middle of the digit
const degrees = ([x, y]) => (Math.atan2(-x, -y) * 180) / Math.PI // anticlockwise from straight up
const turned = (angle) => ((angle + 540) % 360) - 180

/** What one pointer makes of the amounts that it started from. */
function dragged({ handle, amounts, start: [began] }, place) {
  const [before, now] = [from(began, amounts), from(place, amounts)]
  if (handle === "rotate") return { rotate: amounts.rotate + turned(degrees(now) - degrees(before)) }
  if (handle === "scale") return { scale: (amounts.scale * Math.hypot(...now)) / Math.max(1, Math.hypot(...before)) }
  if (handle === "shift") return { shift: amounts.shift + place[0] - began[0] }
  const along = ([x, y]) =>
    x * Math.cos((amounts.rotate * Math.PI) / 180) - y * Math.sin((amounts.rotate * Math.PI) / 180)
  return { squeeze: amounts.squeeze - (100 * (along(now) - along(before))) / (HALF * amounts.scale) }
}

/** The same for two fingers: how far apart they are, how they lie, and where their middle is. */
function pinched({ amounts, start: [a, b] }, [c, d]) {
  const [before, now] = [
    [b[0] - a[0], b[1] - a[1]],
    [d[0] - c[0], d[1] - c[1]],
  ]
  return {
    shift: amounts.shift + (c[0] + d[0] - a[0] - b[0]) / 2,
    rotate: amounts.rotate + turned(degrees(now) - degrees(before)),
    scale: (amounts.scale * Math.hypot(...now)) / Math.max(1, Math.hypot(...before)),
  }
}
