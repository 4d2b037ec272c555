// A slider for each way to change the digit, and below it, for each network, a bar along the same amounts: green where it
// reads the digit, striped with the wrong digit where it does not.

import { desk } from "../desk.js"
import { el } from "../dom.js"
import { short } from "./chart.js"
import { nameOf } from "./names.js"
import { PLACES } from "./search.js"
import { change, state, targetOf } from "./state.js"
import { amountsOf, breakPoints, firstChanges, neutralAt, runsOf, show } from "./transform.js"

const FINE = 400 // steps of a slider under the pointer
const COARSE = 40 // arrow presses from one end to the other

export function waysView() {
  const rows = state.ways.map(rowOf)
  const element = el("div", { className: "ways" }, ...rows.map(({ row }) => row), legend())
  return {
    element,
    /** Where the sliders stand. */
    place() {
      for (const { way, slider, said, here } of rows) {
        const amount = state.amounts[way.id]
        if (Number(slider.value) !== amount) slider.value = amount
        said.textContent = show(way, amount)
        slider.setAttribute("aria-valuetext", said.textContent)
        here.style.left = `${(100 * (amount - way.low)) / (way.high - way.low)}%`
      }
    },
    /** What was found. */
    fill() {
      for (const { way, bars } of rows) bars.replaceChildren(...desk.networks.map((network) => barOf(way, network)))
    },
  }
}

function rowOf(way) {
  const id = `way-${way.id}`
  const slider = el("input", {
    type: "range",
    id,
    min: way.low,
    max: way.high,
    step: (way.high - way.low) / FINE,
    value: way.neutral,
  })
  slider.dataset.way = way.id
  slider.oninput = () => change({ [way.id]: slider.valueAsNumber })
  slider.onkeydown = (event) => {
    const turn = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 }[event.key]
    if (!turn) return
    change({ [way.id]: state.amounts[way.id] + (turn * (way.high - way.low)) / COARSE })
    event.preventDefault()
  }
  const said = el("output", { htmlFor: id })
  const [less, more] = way.ways
  const bars = el("div", { className: "bars" })
  const here = el("i", { className: "here" })
  const row = el(
    "div",
    { className: "way" },
    el("label", { htmlFor: id }, way.label, el("small", {}, less ? ` ← ${less}, ${more} →` : ` ${more} →`)),
    said,
    slider,
    el("div", { className: "marks" }, bars, here),
  )
  return { way, row, slider, said, here, bars }
}

/** The amounts of one network, from one end to the other. */
function barOf(way, { about, colour }) {
  const sweep = state.sweeps[about.name]?.[way.id]
  const bar = el("div", { className: "breaks", role: "img", style: `--colour:${colour}` })
  bar.setAttribute("aria-label", sweep ? `${about.name}: ${inWords(way, about, sweep)}` : `${about.name}: …`)
  bar.title = bar.getAttribute("aria-label")
  if (!sweep) return bar
  const last = PLACES - 1
  const middle = neutralAt(way, PLACES)
  const amounts = amountsOf(way, PLACES)
  const target = targetOf(about.name)
  for (const { from, to, answer } of runsOf(sweep.answers)) {
    const [left, right] = [Math.max(0, from - 0.5) / last, Math.min(last, to + 0.5) / last]
    const right_ = answer === target && answer !== null
    const part = el("i", { className: right_ ? "right" : "wrong" })
    part.style.left = `${100 * left}%`
    part.style.width = `${100 * (right - left)}%`
    if (!right_) {
      part.classList.toggle("below", to < middle)
      const near = to < middle ? to : from
      const start = from <= middle && to >= middle ? "" : `from ${short(way, amounts[near])}`
      part.append(el("b", {}, answer === null ? "?" : nameOf(about, answer).slice(0, 5)), el("span", {}, start))
    }
    bar.append(part)
  }
  return bar
}

/** When the network stops recognising the digit, either way. */
function inWords(way, about, { answers }) {
  const at = neutralAt(way, PLACES)
  const target = targetOf(about.name)
  if (answers[at] === null) return "cannot tell even the unchanged digit"
  if (answers[at] !== target) return `wrong from the start: reads ${nameOf(about, answers[at])}`
  const amounts = amountsOf(way, PLACES)
  const [firsts, breaks] = [firstChanges(answers, at), breakPoints(answers, at)]
  const reads = (place) =>
    `${show(way, amounts[place])}: ${answers[place] === null ? "cannot tell" : `reads ${nameOf(about, answers[place])}`}`
  return way.ways
    .map((words, side) => {
      if (!words) return ""
      const end = show(way, amounts[side ? PLACES - 1 : 0])
      if (firsts[side] === null) return `${words}, holds to ${end}`
      if (breaks[side] === null) return `${words}, holds to ${end}, but not at ${reads(firsts[side])}`
      const sooner = firsts[side] !== breaks[side] ? `, and at ${reads(firsts[side])}` : ""
      return `${words}, from ${reads(breaks[side])}${sooner}`
    })
    .filter(Boolean)
    .join("; ")
}

const legend = () =>
  el(
    "p",
    { className: "key" },
    el("span", {}, el("i", { className: "right" }), "reads it right"),
    el("span", {}, el("i", { className: "wrong" }, el("b", {}, "5")), "reads another digit: 5"),
    el("span", {}, el("i", { className: "here" }), "where the slider is"),
  )
