// The curve of one way: the probability of the digit against the amount, a line for each network, break points, and what
// was measured on many digits. A mark follows the slider; dragging along the chart moves it.

import { desk } from "../desk.js"
import { el, paintCells, svg, zoomOf } from "../dom.js"
import { percent } from "../formatting.js"
import { SIZE } from "../ink.js"
import { PLACES } from "./search.js"
import { change, setCurve, state, targetOf, wayOf } from "./state.js"
import { amountsOf, breakPoints, centred, firstChanges, neutralAt, show, transform } from "./transform.js"

const DASHES = ["", "7 4", "2 3"]
const [LEFT, RIGHT, TOP, BOTTOM] = [42, 12, 8, 22] // pixels around the plot
const THUMBNAILS = 7 // pictures of a sweep
const TICKS = [0.25, 0.5, 1, 2, 5, 25, 45] // of which the smallest is taken that makes at most MOST_TICKS steps
const MOST_TICKS = 6

/** An amount on the axis. */
export const short = ({ unit }, amount) =>
  `${Number(amount.toPrecision(3))}${unit === "°" ? "°" : ""}`.replace("-", "−")

export function chartView() {
  const choices = state.ways.map(({ id, label }) => {
    const button = el("button", { type: "button" }, label)
    button.onclick = () => setCurve(id)
    return { id, button }
  })
  const tabs = el(
    "div",
    { className: "tabs", role: "group", "aria-label": "Which curve" },
    ...choices.map(({ button }) => button),
  )
  const plot = svg("svg", { role: "img" })
  const readout = el("p", { className: "readout" })
  const thumbnails = Array.from({ length: THUMBNAILS }, () => {
    const canvas = el("canvas", { width: SIZE, height: SIZE, role: "img" })
    const words = el("figcaption", {})
    return { canvas, words, figure: el("figure", {}, canvas, words) }
  })
  const strip = el("div", { className: "thumbnails" }, ...thumbnails.map(({ figure }) => figure))
  const about = el("p", { className: "about" })
  const element = el("div", { className: "curve" }, tabs, plot, strip, readout, about)
  let drawn = null // { way, x, y, mark, dots }
  let pictures = ""

  const amountAt = (event) => {
    const x = (event.clientX - plot.getBoundingClientRect().left) / zoomOf(plot)
    const { low, high } = drawn.way
    return low + ((x - LEFT) / (plot.clientWidth - LEFT - RIGHT)) * (high - low)
  }
  plot.onpointerdown = (event) => {
    if (!drawn || state.fooling) return
    plot.setPointerCapture(event.pointerId)
    change({ [drawn.way.id]: amountAt(event) })
  }
  plot.onpointermove = (event) => {
    if (drawn && plot.hasPointerCapture(event.pointerId)) change({ [drawn.way.id]: amountAt(event) })
  }

  /** Draw the curves anew: another way, another width, or something was found. */
  function fill() {
    const way = wayOf(state.curve)
    const [width, height] = [plot.clientWidth, plot.clientHeight]
    if (!width || !height) return
    for (const { id, button } of choices) button.setAttribute("aria-pressed", id === way.id)
    plot.setAttribute("viewBox", `0 0 ${width} ${height}`)
    const x = (amount) => LEFT + ((amount - way.low) / (way.high - way.low)) * (width - LEFT - RIGHT)
    const y = (share) => TOP + (1 - share) * (height - TOP - BOTTOM)
    const dots = desk.networks.map(({ colour }) => svg("circle", { r: 5, class: "dot", style: `--colour:${colour}` }))
    const rule = svg("line", { y1: TOP, y2: height - BOTTOM, class: "here" })
    plot.replaceChildren(
      ...axes(way, x, y),
      ...desk.networks.flatMap((network) => measured(way, network, x, y)),
      ...desk.networks.flatMap((network, at) => curveOf(way, network, DASHES[at % DASHES.length], x, y)),
      rule,
      ...dots,
    )
    plot.setAttribute("aria-label", inWords(way))
    const words = el("span", {})
    const shares = desk.networks.map(() => el("span", {}))
    readout.replaceChildren(
      words,
      ...desk.networks.map(({ colour }, at) =>
        el("span", { className: "named" }, sampleOf(colour, DASHES[at % DASHES.length]), shares[at]),
      ),
    )
    drawn = { way, x, y, rule, dots, words, shares }
    aboutIt()
    paint(way)
    place()
  }

  /** Let the mark follow the slider. */
  function place() {
    if (drawn?.way.id !== state.curve) return fill()
    const { way, x, y, rule, dots, words, shares } = drawn
    const amount = state.amounts[way.id]
    rule.setAttribute("x1", x(amount))
    rule.setAttribute("x2", x(amount))
    desk.networks.forEach(({ about: { name } }, at) => {
      const share = shareAt(way, name, amount)
      dots[at]?.setAttribute("visibility", share === null ? "hidden" : "visible")
      if (shares[at]) shares[at].textContent = share === null ? name : `${name} ${percent(share, true)}`
      if (share === null) return
      dots[at]?.setAttribute("cx", x(amount))
      dots[at]?.setAttribute("cy", y(share))
    })
    const alone = state.ways.every(({ id, neutral }) => id === way.id || state.amounts[id] === neutral)
    words.textContent = `${way.label} ${show(way, amount)}${alone ? "" : " alone"}:`
  }

  function paint(way) {
    const key = `${state.digit.mark} ${way.id} ${state.again}`
    if (key === pictures) return
    pictures = key
    const amounts = amountsOf(way, PLACES)
    thumbnails.forEach(({ canvas, words }, at) => {
      const amount = amounts[Math.round((at * (PLACES - 1)) / (THUMBNAILS - 1))]
      const changed = transform(state.digit.image, state.ways, { [way.id]: amount }, state.noise)
      paintCells(canvas, (state.again && centred(changed)) || changed, SIZE, SIZE)
      words.textContent = short(way, amount)
      canvas.setAttribute("aria-label", `The digit at ${way.label.toLowerCase()} ${show(way, amount)}`)
    })
  }

  function aboutIt() {
    const what = state.digit.label !== null ? "the true digit" : "what the network reads in the unchanged digit"
    const digits = Object.values(state.averages).find((one) => one)?.digits
    const limits = desk.networks
      .filter(({ about: { highest } }) => highest < 1)
      .map(
        ({ about: { name, highest } }) =>
          `The nonlinearity after the last layer of ${name} lets no probability rise above ${percent(highest, true)}.`,
      )
    about.textContent = [
      `Thick lines: probability of ${what}, changed in this way alone. ◆: wrong from here on. ◇: briefly wrong, then right again.`,
      digits ? `Thin lines and bands: mean over the first ${digits} test digits, with its 95 % interval.` : "",
      ...state.lacking,
      ...limits,
    ]
      .filter(Boolean)
      .join(" ")
  }

  return { element, fill, place, plot }
}

/** A piece of a network's line. */
const sampleOf = (colour, dashes) =>
  svg(
    "svg",
    { class: "sample", viewBox: "0 0 28 6", "aria-hidden": true },
    svg("path", { d: "M0,3h28", class: "own", "stroke-dasharray": dashes, style: `--colour:${colour}` }),
  )

const sweepOf = (way, name) => state.sweeps[name]?.[way.id]

/** The probability of its digit at each amount. */
function sharesOf(way, name) {
  const target = targetOf(name) ?? 0
  const { shares } = sweepOf(way, name)
  return Array.from({ length: PLACES }, (_, place) => shares[10 * place + target])
}

/** On the curve at that amount; null while it is not known. */
function shareAt(way, name, amount) {
  if (!sweepOf(way, name)) return null
  const shares = sharesOf(way, name)
  const place = ((amount - way.low) / (way.high - way.low)) * (PLACES - 1)
  const below = Math.min(PLACES - 2, Math.max(0, Math.floor(place)))
  return shares[below] + (place - below) * (shares[below + 1] - shares[below])
}

function axes(way, x, y) {
  const step = TICKS.find((one) => (way.high - way.low) / one <= MOST_TICKS)
  const ticks = []
  for (let at = Math.ceil(way.low / step - 1e-9); at * step <= way.high + 1e-9; at++) ticks.push(at * step)
  const [left, right] = [x(way.low), x(way.high)]
  return [
    ...[0, 0.25, 0.5, 0.75, 1].map((share) =>
      svg("line", { x1: left, x2: right, y1: y(share), y2: y(share), class: "grid" }),
    ),
    ...[0, 0.5, 1].map((share) => svg("text", { x: left - 6, y: y(share) + 4, class: "end" }, `${100 * share} %`)),
    ...ticks.map((tick) => svg("text", { x: x(tick), y: y(0) + 16, class: "middle" }, short(way, tick))),
  ]
}

const line = (points) => points.map(([x, y], at) => `${at ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join("")

function curveOf(way, { about: { name }, colour }, dashes, x, y) {
  const sweep = sweepOf(way, name)
  if (!sweep) return []
  const amounts = amountsOf(way, PLACES)
  const points = sharesOf(way, name).map((share, at) => [x(amounts[at]), y(share)])
  const at = neutralAt(way, PLACES)
  const breaks = breakPoints(sweep.answers, at)
  const diamond = (place, kind) => {
    const [cx, cy] = points[place]
    return svg("path", { d: `M${cx},${cy - 8}l7,8l-7,8l-7,-8z`, class: `diamond ${kind}`, style: `--colour:${colour}` })
  }
  const starts = sweep.answers[at] === targetOf(name)
  const marks = starts ? breaks.filter((place) => place !== null).map((place) => diamond(place, "broken")) : []
  const firsts = starts
    ? firstChanges(sweep.answers, at).filter((place) => place !== null && !breaks.includes(place))
    : []
  return [
    svg("path", { d: line(points), class: "own", "stroke-dasharray": dashes, style: `--colour:${colour}` }),
    ...marks,
    ...firsts.map((place) => diamond(place, "first")),
  ]
}

/** The mean over many digits and its interval, if it was measured. */
function measured(way, { about: { name }, colour }, x, y) {
  const found = state.averages[name]
  if (!found) return []
  const start = (2 * state.ways.indexOf(way) + Number(state.again)) * PLACES * 3
  const at = (place, which) => [x(amountsOf(way, PLACES)[place]), y(found.values[start + 3 * place + which])]
  const places = Array.from({ length: PLACES }, (_, place) => place)
  const band = [...places.map((place) => at(place, 1)), ...[...places].reverse().map((place) => at(place, 2))]
  return [
    svg("path", { d: `${line(band)}z`, class: "band", style: `--colour:${colour}` }),
    svg("path", { d: line(places.map((place) => at(place, 0))), class: "mean", style: `--colour:${colour}` }),
  ]
}

function inWords(way) {
  const ends = desk.networks
    .filter(({ about: { name } }) => sweepOf(way, name))
    .map(({ about: { name } }) => {
      const shares = sharesOf(way, name)
      const [low, middle, high] = [0, neutralAt(way, PLACES), PLACES - 1].map((at) => percent(shares[at], true))
      return `${name}: ${low} at the left end, ${middle} unchanged, ${high} at the right end`
    })
  return `${way.label}: probability of the digit against the amount. ${ends.join(". ")}`
}
