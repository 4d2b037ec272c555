// Has the network seen anything like this? The remark, the ten training digits most like the drawing, and how far its
// shares can be trusted.

import { desk, readAll, SIZE } from "../desk.js"
import { el, paintCells, svg } from "../dom.js"
import { familiarityOf, MOST } from "../familiarity.js"
import { percent } from "../formatting.js"
import { GREYS } from "../palette.js"

const TEN = 10
const SIDE = 150 // units of the diagram
const RULE = "It has to choose one of ten. It has never seen anything like this."

/** Correct what the networks read from now on, as soon as they know the digits that they compare it with. */
function equip() {
  const due = desk.networks.filter((network) => {
    const { about, reader, familiar } = network
    if (familiar || !about.familiar || !reader || !desk.image || desk.writing) return false
    const known = familiarityOf(
      reader.network,
      about,
      () => desk.pen,
      () => watchers.forEach((tell) => tell()),
    )
    if (known.ready) network.familiar = known.familiar
    return known.ready
  })
  if (due.length) readAll()
}

/** What each network makes of the digit; null where it says nothing, as while the pen moves. */
const judgements = () =>
  desk.networks.map(({ familiar, reader, reading }) =>
    desk.pen || desk.writing || !desk.image || !familiar || !reading
      ? null
      : { ...familiar.judge(reader.network), digits: familiar.digits },
  )

const watchers = new Set()

/** The remark that is due, or "". */
export function remarkOf(judged) {
  const strange = desk.networks.filter((_, at) => judged[at]?.remark).map(({ about }) => about.name)
  if (!strange.length) return ""
  return desk.networks.length === 1 ? RULE : `${strange.join(" and ")}: ${RULE}`
}

/** A place for all of it. `tell(text, strange)` is told the remark of the moment, and of each network whether the digit is
 *  strange to it. `button` opens it, `show` brings it up to date, `follow` has it do so by itself. Returns { element,
 *  button, show, follow }. */
export function mountFamiliar(tell) {
  const share = el("p", {})
  const pictures = el("div", { className: "alike" })
  const figure = el("figure", {})
  const trust = el("p", {})
  const element = el("section", { className: "familiar", hidden: true }, share, pictures, figure, trust)
  const button = el("button", { type: "button", className: "seen-before" }, "Has it seen this before?")
  let open = false
  const show = () => {
    equip()
    const judged = judgements()
    tell(
      remarkOf(judged),
      judged.map((one) => Boolean(one?.remark)),
    )
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
  const follow = () => {
    watchers.add(show)
    return () => {
      watchers.delete(show)
      for (const network of desk.networks) network.familiar = null // other pages show what softmax says
    }
  }
  return { element, button, show, follow }
}

/** How the share that is shown differs from what softmax says, and why. */
function correction({ temperature }, { reading, reader }) {
  const [said, shown] = [reader.network.probabilities, reading].map((shares) => Math.max(...shares))
  const rule = `More than ${percent(MOST)} is kept for drawings that are more familiar than half of the digits.`
  const fitting = temperature === 1 ? "" : ` At temperature ${temperature} its percentages fit best.`
  return `Softmax says ${percent(said)}, it is given ${percent(shown)}.${fitting} ${rule}`
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
