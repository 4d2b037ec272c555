// What is seen on the board: the strokes, a test digit, an earlier moment, a digit that writes itself. It is a picture
// above the canvas that lets the pen through; the canvas below keeps ink that was taken back.

import { demonstrate, desk, drawTo, lift, press, SIDE, SIZE, visible, watch } from "../desk.js"
import { decodedBytes, el, paintCells } from "../dom.js"
import { GREYS } from "../palette.js"
import { CANVAS, surface, TOOLBAR } from "../streamlit.js"

const KEY_STEP = 8 // pixels of the board that an arrow key moves the pen
const WRITING = 1500 // milliseconds that the demonstration digit takes
const BLIND_AFTER = 8000 // milliseconds to wait for the canvas' insides
// A pen's path for a 3, of our own.
const THREE = [
  95, 85, 110, 66, 135, 56, 165, 58, 188, 72, 194, 98, 184, 124, 160, 142, 138, 148, 164, 152, 192, 166, 206, 194, 200,
  226, 178, 250, 146, 260, 116, 254, 96, 236,
]

// The canvas has a toolbar of its own. Without a mouse it lies unseen on the upper edge and takes strokes that begin there.
const plain = new CSSStyleSheet()
plain.replaceSync(`${TOOLBAR} { display: none !important }`)

let demonstrated = false
let repaint = () => {} // of the board that is there now: its canvas, and the keys on it, may outlive one mounting

/** Keep the picture on the board up to date while the page is there; `blind` is called if the canvas has no insides
 *  that we know. Returns a function that ends it. */
export function mountBoard(blind) {
  const picture = el("canvas", { width: SIDE, height: SIDE, className: "lenet-shown" })
  picture.setAttribute("aria-hidden", "true")
  picture.style.cssText =
    "position:absolute;inset:0;z-index:20;width:100%;height:100%;pointer-events:none;outline:1px solid #8888"
  const small = document.createElement("canvas")
  const paint = () => {
    const canvas = surface()
    if (!canvas) return
    if (picture.parentElement !== canvas.parentElement) canvas.parentElement.append(picture)
    const given = !desk.digit.drawn && desk.image
    const context = picture.getContext("2d")
    context.fillStyle = "#000"
    context.fillRect(0, 0, SIDE, SIDE)
    if (given) {
      if (desk.cuts.length) paintGiven(context, small, desk.given.values, SIDE)
      else paintGiven(context, small, given)
      for (const cut of desk.cuts) paintCut(context, cut)
      return
    }
    for (const stroke of visible())
      if (stroke.picture)
        paintGiven(
          context,
          small,
          Float32Array.from(decodedBytes(stroke.picture), (byte) => byte / 255),
        )
      else paintStroke(context, stroke)
    for (const cut of desk.cuts) paintCut(context, cut)
    if (desk.cursor) paintCursor(context, desk.cursor)
  }
  repaint = paint
  const unwatch = watch(paint)
  const start = performance.now()
  const waiting = setInterval(() => {
    const canvas = surface()
    if (!canvas) {
      if (performance.now() - start < BLIND_AFTER || !document.querySelector(`${CANVAS} *`)) return
      clearInterval(waiting)
      blind()
      return
    }
    clearInterval(waiting)
    name(canvas)
    takeKeys(canvas)
    paint()
    if (!demonstrated && desk.digit.drawn && !desk.strokes.length) write()
    demonstrated = true
  }, 50)
  return () => {
    clearInterval(waiting)
    unwatch()
    if (repaint === paint) repaint = () => {}
    picture.remove()
  }
}

function name(canvas) {
  canvas.tabIndex = 0
  canvas.setAttribute("role", "application")
  canvas.setAttribute(
    "aria-label",
    "The board. Draw a digit with mouse, pen or finger, or by keyboard: arrow keys move the pen, Space lowers and lifts it.",
  )
  canvas.getRootNode().adoptedStyleSheets.push(plain)
}

/** Arrow keys move a pen over the board, Space lowers and lifts it. */
function takeKeys(canvas) {
  if (canvas.dataset.keys) return
  canvas.dataset.keys = "true"
  let at = [SIDE / 2, SIDE / 2]
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key]
    if (!step && event.key !== " ") return
    event.preventDefault()
    if (step) at = at.map((place, axis) => Math.min(SIDE, Math.max(0, place + KEY_STEP * step[axis])))
    desk.cursor = at
    if (step && desk.pen) drawTo(at)
    else if (!step && desk.pen) lift()
    else if (!step) press(at, desk.eraser)
    repaint()
  })
  canvas.addEventListener("blur", () => {
    if (desk.pen && desk.cursor) lift()
    desk.cursor = null
    repaint()
  })
}

function paintCursor(context, [x, y]) {
  context.lineWidth = 2
  context.strokeStyle = "#e69f00"
  context.beginPath()
  context.arc(x, y, 12, 0, 2 * Math.PI)
  context.stroke()
}

/** A dashed line between two digits, light on dark so that it shows on ink and on the board, some way beyond both. */
function paintCut(context, cut) {
  const beyond = 14 // pixels
  const [[x, y], [endX, endY]] = [cut[0], cut.at(-1)]
  const line = [[x, Math.max(2, y - beyond)], ...cut, [endX, Math.min(SIDE - 2, endY + beyond)]]
  context.save()
  context.lineCap = "butt"
  context.lineJoin = "round"
  for (const [colour, width, dash] of [
    ["#000", 7, []],
    ["#56b4e9", 3, [9, 5]],
  ]) {
    context.strokeStyle = colour
    context.lineWidth = width
    context.setLineDash(dash)
    context.beginPath()
    for (const point of line) context.lineTo(...point)
    context.stroke()
  }
  context.restore()
}

function paintStroke(context, { points, width, erase }) {
  context.strokeStyle = context.fillStyle = erase ? "#000" : "#fff"
  context.lineWidth = width
  context.lineCap = context.lineJoin = "round"
  context.beginPath()
  context.moveTo(points[0], points[1])
  if (points.length === 2) context.lineTo(points[0] + 0.01, points[1])
  for (let at = 2; at < points.length; at += 2) context.lineTo(points[at], points[at + 1])
  context.stroke()
}

function paintGiven(context, small, image, side = SIZE) {
  paintCells(small, image, side, side, 1, false, GREYS)
  context.imageSmoothingEnabled = false
  context.drawImage(small, 0, 0, SIDE, SIDE)
}

/** A digit writes itself, until somebody draws. */
function write() {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches
  const start = performance.now()
  const count = THREE.length / 2 - 1
  let begun = false
  const step = (now) => {
    if (desk.pen || !desk.digit.drawn || (!desk.writing && (begun || desk.strokes.length))) return
    begun = true
    const share = still ? 1 : Math.min(1, (now - start) / WRITING)
    const whole = Math.floor(share * count)
    const points = THREE.slice(0, 2 * whole + 2)
    if (whole < count) {
      const part = share * count - whole
      for (const axis of [0, 1]) {
        const [from, to] = [THREE[2 * whole + axis], THREE[2 * whole + 2 + axis]]
        points.push(from + part * (to - from))
      }
    }
    demonstrate([{ points, width: 20, erase: false }])
    if (share < 1) requestAnimationFrame(step)
  }
  requestAnimationFrame(step)
}
