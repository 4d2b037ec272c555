// Has the network seen anything like this? The remark, the ten training digits most like the drawing, and how far its
// shares can be trusted.

import { desk, SIZE } from "../desk.js"
import { el, paintCells, svg } from "../dom.js"
import { familiarityOf } from "../familiarity.js"
import { percent } from "../formatting.js"
import { GREYS } from "../palette.js"

const TEN = 10
const SIDE = 150 // units of the diagram
const RULE = "It has to choose one of ten. It has never seen anything like this."

/** What each network makes of the digit; null where it says nothing, as while the pen moves. */
function judgements() {
  if (desk.pen || desk.writing || !desk.image) return desk.networks.map(() => null)
  return desk.networks.map((network) => {
    const { about, reader, reading } = network
    if (!about.familiar || !reader || !reading) return null
    const known = familiarityOf(
      reader.network,
      about,
      () => desk.pen,
      () => watchers.forEach((tell) => tell()),
    )
    return known.ready ? { ...known.familiar.judge(reader.network), digits: known.familiar.digits } : null
  })
}

const watchers = new Set()

/** The remark that is due, or "". */
export function remarkOf(judged) {
  const strange = desk.networks.filter((_, at) => judged[at]?.remark).map(({ about }) => about.name)
  if (!strange.length) return ""
  return desk.networks.length === 1 ? RULE : `${strange.join(" and ")}: ${RULE}`
}

/** A place for all of it. `tell(text)` is told the remark of the moment. `button` opens it, `show` brings it up to date. Returns { element, button, show, stop }. */
export function mountFamiliar(tell) {
  const share = el("p", {})
  const pictures = el("div", { className: "alike" })
  const figure = el("figure", {})
  const trust = el("p", {})
  const element = el("section", { className: "familiar", hidden: true }, share, pictures, figure, trust)
  const button = el("button", { type: "button", className: "seen-before" }, "Has it seen this before?")
  let open = false
  const show = () => {
    const judged = judgements()
    tell(remarkOf(judged))
    const at = desk.networks.findIndex(({ about }) => about.familiar)
    button.hidden = at < 0
    element.hidden = at < 0 || !open
    button.setAttribute("aria-expanded", `${open}`)
    if (element.hidden) return
    const { about } = desk.networks[at]
    figure.replaceChildren(...diagram(about))
    const found = judged[at]
    share.textContent = found
      ? `${percent(found.share, true)} of 10,000 digits are at least as strange to ${about.name}. ` +
        "The ten training digits most like yours:"
      : `${about.name} compares your digit with 3,000 training digits when the pen is lifted.`
    trust.textContent = found ? correction(about.familiar, desk.networks[at]) : ""
    pictures.replaceChildren(...(found?.nearest ?? []).map((place) => picture(found.digits, place)))
  }
  button.onclick = () => {
    open = !open
    show()
  }
  watchers.add(show)
  return { element, button, show, stop: () => watchers.delete(show) }
}

/** The share of the answer at the temperature that was fitted, in words. */
function correction({ temperature }, { reading, reader }) {
  if (temperature === 1) return "It needs no correction: the best temperature is 1."
  const [most, ...others] = [...reader.network.stages.at(-2).values].sort((a, b) => b - a)
  const rest = others.reduce((sum, value) => sum + Math.exp((value - most) / temperature), 0)
  return `Read its ${percent(Math.max(...reading))} as ${percent(1 / (1 + rest))}: at temperature ${temperature} its percentages fit best.`
}

function picture(digits, place) {
  const label = digits.labels[place]
  const canvas = el("canvas", { width: SIZE, height: SIZE, role: "img", "aria-label": `a training digit: ${label}` })
  paintCells(canvas, digits.image(place), SIZE, SIZE, 1, false, GREYS)
  return el("figure", {}, canvas, el("figcaption", {}, `${label}`))
}

/** Where it gives a share, how often it is right: on the diagonal it can be taken at its word. */
function diagram({ name, familiar }) {
  const sets = Object.entries(familiar.reliability)
  const marks = sets.flatMap(([set, rows], at) =>
    rows
      .filter(([count]) => count >= TEN)
      .map(([count, share, right]) => {
        const mark = svg(at ? "rect" : "circle", {
          ...(at
            ? { x: SIDE * share - 3, y: SIDE * (1 - right) - 3, width: 6, height: 6 }
            : { cx: SIDE * share, cy: SIDE * (1 - right), r: 4 }),
          class: `set-${at}`,
        })
        mark.append(svg("title", {}, `${set}: given ${percent(share)}, right ${percent(right)} of ${count}`))
        return mark
      }),
  )
  const drawing = svg(
    "svg",
    { viewBox: `-6 -6 ${SIDE + 12} ${SIDE + 12}`, role: "img", "aria-label": `Reliability diagram of ${name}` },
    svg("rect", { x: 0, y: 0, width: SIDE, height: SIDE, class: "frame" }),
    svg("line", { x1: 0, y1: SIDE, x2: SIDE, y2: 0, class: "frame" }),
    ...marks,
  )
  const errors = sets.map(([set, rows]) => `${set} ${percent(gap(rows))}`).join(", ")
  return [
    el("h3", {}, "Can you trust its percentages?"),
    drawing,
    el(
      "figcaption",
      {},
      "Across: the share it gives its answer. Up: how often it is right, ",
      `groups of at least ten digits. ● ${sets[0][0]} ■ ${sets[1][0]}. On the line, they agree. `,
      `Mean gap: ${errors}.`,
    ),
  ]
}

/** The expected calibration error, as lenet.familiarity.calibration_error. */
const gap = (rows) =>
  rows.reduce((sum, [count, share, right]) => sum + count * Math.abs(share - right), 0) /
  Math.max(
    1,
    rows.reduce((sum, [count]) => sum + count, 0),
  )
