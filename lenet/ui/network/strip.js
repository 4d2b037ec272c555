// Pen time: the ten probabilities of the first network against time, stacked, under the board. Dragging along it brings
// the drawing, the maps and the answer of that moment back.

import { desk, travel, watch } from "./desk.js"
import { el } from "./dom.js"
import { answerOf } from "./engine.js"

const HEIGHT = 36 // pixels

export default function ({ root }) {
  root.stop?.()
  root.classList.add("time")
  const canvas = el("canvas", {
    height: HEIGHT,
    tabIndex: 0,
    role: "slider",
    "aria-label": "Pen time: what the drawing looked like, and was read as, at each moment",
    "aria-valuemin": 0,
  })
  const words = el("p", {}, "")
  root.replaceChildren(canvas, words)
  let frame = 0
  const show = () => {
    frame = 0
    root.hidden = !desk.digit.drawn // what is shown was not drawn here
    paint(canvas, words)
  }
  const ask = () => (frame ||= requestAnimationFrame(show))
  const unwatch = watch(ask)
  const at = (event) => {
    const last = desk.history.length - 1
    const share = event.offsetX / canvas.clientWidth
    const time = share * desk.history.at(-1).at
    const moment = desk.history.findIndex((one) => one.at >= time)
    travel(moment < 0 || moment >= last ? null : moment)
  }
  let dragging = false
  canvas.onpointerdown = (event) => {
    if (desk.history.length < 2 || desk.writing) return
    dragging = true
    canvas.setPointerCapture(event.pointerId)
    at(event)
  }
  canvas.onpointermove = (event) => dragging && at(event)
  canvas.onpointerup = canvas.onpointercancel = () => (dragging = false)
  canvas.onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -1000, End: 1000 }[event.key]
    if (event.key === "Escape") travel(null)
    else if (step && desk.history.length > 1) {
      const last = desk.history.length - 1
      const next = Math.max(0, (desk.moment ?? last) + step)
      travel(next >= last ? null : next)
      event.preventDefault()
    }
  }
  const observer = new ResizeObserver(ask)
  observer.observe(root)
  show()
  root.stop = () => {
    unwatch()
    observer.disconnect()
    cancelAnimationFrame(frame)
  }
  return root.stop
}

const SHADES = Array.from({ length: 10 }, (_, digit) => `hsl(${digit * 36} 55% ${digit % 2 ? 45 : 62}%)`)

function paint(canvas, words) {
  const ratio = devicePixelRatio || 1
  const width = canvas.parentElement.clientWidth
  if (!width) return
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(HEIGHT * ratio)
  const context = canvas.getContext("2d")
  context.scale(ratio, ratio)
  const moments = desk.history.filter(({ readings }) => readings[0])
  const end = moments.at(-1)?.at ?? 0
  canvas.setAttribute("aria-valuemax", Math.max(0, desk.history.length - 1))
  canvas.setAttribute("aria-valuenow", desk.moment ?? Math.max(0, desk.history.length - 1))
  if (moments.length < 2 || !end) {
    words.textContent = "Draw, then drag here: when did it become this digit?"
    return
  }
  const x = (moment) => (moment.at / end) * width
  const below = new Float64Array(moments.length)
  for (let digit = 0; digit < 10; digit++) {
    context.beginPath()
    moments.forEach((moment, at) => context.lineTo(x(moment), HEIGHT * (1 - below[at])))
    for (let at = moments.length - 1; at >= 0; at--) {
      below[at] += moments[at].readings[0][digit] || 0
      context.lineTo(x(moments[at]), HEIGHT * (1 - below[at]))
    }
    context.fillStyle = SHADES[digit]
    context.fill()
  }
  label(context, moments, x)
  const here = desk.moment === null ? moments.at(-1) : desk.history[desk.moment]
  context.fillStyle = "#fff"
  context.fillRect(Math.min(width - 3, x(here)) - 1.5, 0, 3, HEIGHT)
  context.fillStyle = "#0b1020"
  context.fillRect(Math.min(width - 3, x(here)) - 0.5, 0, 1, HEIGHT)
  const reading = here.readings[0]
  const seconds = (here.at / 1000).toFixed(1)
  words.textContent = `After ${seconds} s of pen: ${reading ? (answerOf(reading) ?? "undecided") : "nothing to read yet"}`
  canvas.setAttribute("aria-valuetext", words.textContent)
}

/** The digit's name where it holds the most for a while. */
function label(context, moments, x) {
  context.font = "600 13px sans-serif"
  context.textAlign = "center"
  context.textBaseline = "middle"
  let start = 0
  const answers = moments.map(({ readings }) => answerOf(readings[0]))
  for (let at = 1; at <= answers.length; at++) {
    if (at < answers.length && answers[at] === answers[start]) continue
    const [left, right] = [x(moments[start]), x(moments[Math.min(at, moments.length - 1)])]
    if (right - left > 16 && answers[start] !== null) {
      const middle = moments[Math.floor((start + at - 1) / 2)].readings[0]
      const before = middle.slice(0, answers[start]).reduce((sum, share) => sum + share, 0)
      context.fillStyle = "#000"
      context.fillText(`${answers[start]}`, (left + right) / 2, HEIGHT * (1 - before - middle[answers[start]] / 2))
    }
    start = at
  }
}
