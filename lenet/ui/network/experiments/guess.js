// The guess: choose an answer, draw the curve that you expect, and only then see what was measured.

import { el, svg, zoomOf } from "../dom.js"
import { fixed } from "../formatting.js"
import { frame, path, whenWide } from "./plot.js"

const EPOCHS = 20
const HEIGHT = 216 // pixels of the pad
const STEP = 0.05 // of accuracy, with the arrow keys

export default function ({ data, root, setTriggerValue }) {
  root.stop?.()
  root.stop = null
  if (data.answer) {
    root.replaceChildren(said(data, setTriggerValue))
    return
  }
  const state = {
    answer: root.guess?.id === data.id ? root.guess.answer : null,
    curve: root.guess?.id === data.id ? root.guess.curve : [],
  }
  root.guess = Object.assign(state, { id: data.id })
  const show = el("button", { type: "button", className: "primary", disabled: !state.answer }, "Show what happened")
  show.onclick = () => setTriggerValue("guess", { answer: state.answer, curve: whole(state.curve) })
  const look = el("button", { type: "button" }, "Just the curves, on all tabs")
  look.onclick = () => setTriggerValue("guess", { answer: "look", curve: null })
  const pad = data.pad ? new Pad(state, () => colourOf(data, state)) : null
  const radios = answers(data, state, () => {
    show.disabled = false
    pad?.draw()
  })
  root.replaceChildren(
    el(
      "section",
      { className: pad ? "guess" : "guess flat", "aria-label": "Your guess" },
      el(
        "div",
        { className: "ask" },
        el("h3", {}, data.question),
        radios,
        pad
          ? el("p", {}, "Then draw the curve that you expect of it: accuracy after each of 20 epochs. Or leave it out.")
          : null,
        el("div", { className: "row" }, show, look),
      ),
      pad?.node ?? null,
    ),
  )
  if (pad) root.stop = whenWide(pad.node, (width) => pad.draw(width))
  return root.stop
}

function swatch(colour) {
  if (!colour) return ""
  const mark = el("i", {})
  mark.style.background = colour
  return mark
}

const colourOf = (data, { answer }) => data.answers.find(({ id }) => id === answer)?.colour ?? "currentColor"

function answers(data, state, chosen) {
  const group = el("div", { className: "answers", role: "radiogroup", "aria-label": data.question })
  const buttons = data.answers.map(({ id, words, colour }, at) => {
    const one = el("button", { type: "button", role: "radio" }, swatch(colour), words)
    one.onclick = () => {
      state.answer = id
      mark()
      chosen()
    }
    one.onkeydown = ({ key }) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key]
      if (!step) return
      const next = buttons[(at + step + buttons.length) % buttons.length]
      next.focus()
      next.click()
    }
    return one
  })
  const mark = () => {
    for (const [at, { id }] of data.answers.entries()) {
      const here = state.answer === id
      buttons[at].setAttribute("aria-checked", `${here}`)
      buttons[at].tabIndex = here || (!state.answer && at === 0) ? 0 : -1
    }
  }
  mark()
  group.append(...buttons)
  return group
}

/** After the guess: what was said, and what came out. Another answer can be tried; the same one again changes nothing. */
function said(data, setTriggerValue) {
  const button = (words, answer) => {
    const one = el("button", { type: "button", className: "plain" }, words)
    one.onclick = () => setTriggerValue("guess", { answer, curve: null })
    return one
  }
  const buttons = data.answers.map(({ id, words, colour }) => {
    const here = id === data.answer
    const one = el("button", { type: "button", "aria-pressed": `${here}` }, swatch(colour), words)
    one.onclick = () => !here && setTriggerValue("guess", { answer: id, curve: data.curve })
    return one
  })
  return el(
    "section",
    { className: "told", "aria-label": "Your guess and what came out" },
    el("p", { className: "sentence" }, ...data.sentences.map((said, at) => (at ? ` ${said}` : el("b", {}, said)))),
    el(
      "details",
      {},
      el("summary", {}, "Another guess"),
      el("p", {}, data.question),
      el("div", { className: "answers", role: "group", "aria-label": data.question }, ...buttons),
      el("p", {}, button("Start afresh and draw a curve", "again"), button("Just the curves, on all tabs", "look")),
    ),
  )
}

/** A value for every epoch: what lies between drawn ones is a straight line; null if nothing was drawn. */
export function whole(curve) {
  const drawn = [...curve.keys()].filter((at) => curve[at] !== undefined)
  if (!drawn.length) return null
  return Array.from({ length: EPOCHS + 1 }, (_, at) => {
    if (curve[at] !== undefined) return curve[at]
    const after = drawn.find((other) => other > at)
    const before = drawn.findLast((other) => other < at)
    if (after === undefined || before === undefined) return curve[after ?? before]
    return curve[before] + ((curve[after] - curve[before]) * (at - before)) / (after - before)
  })
}

/** Put a stroke from one epoch and value to another into the curve. */
export function stroke(curve, from, to) {
  const [start, end] = from.at <= to.at ? [from, to] : [to, from]
  for (let at = Math.round(start.at); at <= Math.round(end.at); at++) {
    const share = end.at > start.at ? Math.max(0, Math.min(1, (at - start.at) / (end.at - start.at))) : 1
    const value = end.at > start.at ? start.value + share * (end.value - start.value) : to.value
    curve[Math.max(0, Math.min(EPOCHS, at))] = Math.max(0, Math.min(1, value))
  }
}

class Pad {
  constructor(state, colour) {
    this.state = state
    this.colour = colour
    this.width = 0
    this.at = 0
    this.pen = null
    this.node = el("div", {
      className: "pad",
      tabIndex: 0,
      role: "slider",
      "aria-label": "The curve that you expect. Left and right choose the epoch, up and down the accuracy.",
    })
    this.node.setAttribute("aria-valuemin", "0")
    this.node.setAttribute("aria-valuemax", "100")
    this.node.onpointerdown = (event) => {
      this.node.setPointerCapture(event.pointerId)
      this.pen = this.place(event)
      this.state.curve = []
      this.move(event)
    }
    this.node.onpointermove = (event) => this.pen && this.move(event)
    this.node.onpointerup = this.node.onpointercancel = () => (this.pen = null)
    this.node.onkeydown = (event) => this.key(event)
  }

  place(event) {
    const box = this.node.getBoundingClientRect()
    const zoom = zoomOf(this.node)
    const { left, right, top, bottom } = this.chart.box
    return {
      at: (EPOCHS * ((event.clientX - box.left) / zoom - left)) / (right - left),
      value: (bottom - (event.clientY - box.top) / zoom) / (bottom - top),
    }
  }

  move(event) {
    const now = this.place(event)
    stroke(this.state.curve, this.pen, now)
    this.pen = now
    this.draw()
  }

  key(event) {
    const { key } = event
    const [across, up] =
      { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] }[key] ?? []
    if (across === undefined) return
    event.preventDefault()
    this.at = Math.max(0, Math.min(EPOCHS, this.at + across))
    const there = whole(this.state.curve)?.[this.at] ?? 0.1
    if (up) stroke(this.state.curve, { at: this.at, value: there + up }, { at: this.at, value: there + up })
    this.draw()
  }

  draw(width = this.width) {
    this.width = width
    if (!width) return
    const y = { domain: [0, 1], percent: true, title: "Test accuracy" }
    this.chart = frame({ width, height: HEIGHT, x: { domain: [0, EPOCHS], title: "Epoch" }, y })
    const { box, x, y: up } = this.chart
    const curve = whole(this.state.curve)
    const xs = Array.from({ length: EPOCHS + 1 }, (_, at) => at)
    const hint = svg(
      "text",
      {
        x: (box.left + box.right) / 2,
        y: (box.top + box.bottom) / 2,
        "text-anchor": "middle",
        fill: "currentColor",
        "font-size": 16,
      },
      "Draw your curve here",
    )
    const line =
      curve &&
      svg("path", {
        d: path(xs, curve, x, up),
        stroke: this.colour(),
        "stroke-width": 4,
        fill: "none",
        "stroke-linejoin": "round",
      })
    const here =
      curve && svg("circle", { cx: x(this.at), cy: up(curve[this.at]), r: 5, fill: this.colour(), class: "here" })
    this.node.replaceChildren(svg("svg", { width, height: HEIGHT }, this.chart.node, curve ? line : hint, here))
    const value = Math.round(100 * (curve?.[this.at] ?? 0))
    this.node.setAttribute("aria-valuenow", `${value}`)
    this.node.setAttribute("aria-valuetext", curve ? `Epoch ${this.at}: ${fixed(value, 0)} %` : "Nothing drawn yet")
  }
}
