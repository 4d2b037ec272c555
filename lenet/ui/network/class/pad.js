// A board to write one digit on, for a phone: it keeps the pen's strokes, { points: [x, y, …], width, erase }, in pixels
// of the board. By keyboard, arrow keys move the pen and Space lowers and lifts it.

import { el } from "../dom.js"
import { SIDE } from "../ink.js"

const PEN = 20 // pixels of the board
const KEY_STEP = 8

/** { element, strokes(), clear() }; `changed` is called after each stroke. */
export function padOf(changed) {
  const canvas = el("canvas", { width: SIDE, height: SIDE, className: "pad", tabIndex: 0, role: "application" })
  const how = "Draw with a finger, or by keyboard: arrow keys move the pen, Space lowers and lifts it."
  canvas.setAttribute("aria-label", `The board. ${how}`)
  let strokes = []
  let pen = null // the stroke being drawn
  let cursor = null // of the keyboard's pen
  const begin = (at) => {
    pen = { points: [...at], width: PEN, erase: false }
    strokes.push(pen)
  }
  const end = () => {
    if (!pen) return
    pen = null
    changed()
  }
  const paint = () => {
    const context = canvas.getContext("2d")
    context.fillStyle = "#000"
    context.fillRect(0, 0, SIDE, SIDE)
    paintStrokes(context, strokes, 1)
    if (!cursor) return
    context.strokeStyle = "#e69f00"
    context.lineWidth = 3
    context.beginPath()
    context.arc(...cursor, 12, 0, 2 * Math.PI)
    context.stroke()
  }
  const place = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect()
    return [((clientX - box.left) * SIDE) / box.width, ((clientY - box.top) * SIDE) / box.height]
  }
  canvas.onpointerdown = (event) => {
    if (event.button !== 0 || !event.isPrimary) return
    event.preventDefault()
    canvas.setPointerCapture(event.pointerId)
    cursor = null
    begin(place(event))
    paint()
  }
  canvas.onpointermove = (event) => {
    if (!pen || !event.isPrimary || !canvas.hasPointerCapture(event.pointerId)) return
    for (const moved of event.getCoalescedEvents?.() ?? [event]) pen.points.push(...place(moved))
    paint()
  }
  canvas.onpointerup = canvas.onpointercancel = end
  canvas.onkeydown = (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key]
    if (!step && event.key !== " ") return
    event.preventDefault()
    cursor ??= [SIDE / 2, SIDE / 2]
    if (step) cursor = cursor.map((at, axis) => Math.min(SIDE, Math.max(0, at + KEY_STEP * step[axis])))
    if (step && pen) pen.points.push(...cursor)
    else if (!step && pen) end()
    else if (!step) begin(cursor)
    paint()
  }
  canvas.onblur = () => {
    cursor = null
    end()
    paint()
  }
  paint()
  const clear = () => {
    strokes = []
    pen = null
    paint()
    changed()
  }
  return { element: canvas, strokes: () => strokes, clear }
}

/** Paint strokes on a black square whose side is `scale` times the board's. */
export function paintStrokes(context, strokes, scale) {
  context.lineCap = context.lineJoin = "round"
  for (const { points, width, erase } of strokes) {
    context.strokeStyle = erase ? "#000" : "#fff"
    context.lineWidth = width * scale
    context.beginPath()
    context.moveTo(points[0] * scale, points[1] * scale)
    if (points.length === 2) context.lineTo(points[0] * scale + 0.01, points[1] * scale)
    for (let at = 2; at < points.length; at += 2) context.lineTo(points[at] * scale, points[at + 1] * scale)
    context.stroke()
  }
}
