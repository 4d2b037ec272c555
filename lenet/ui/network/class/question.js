// A question to the class: the text, what stands beside it, and the answers; how many chose each only once it is revealed.
// shown: { picture: base64 of 784 bytes }, { groups: [{ name, values: ten numbers }] } and { kernels: [numbers in −1 to 1,
// as many as a square has] }, all optional.

import { el, paintCells } from "../dom.js"
import { SIZE } from "../ink.js"
import { GREYS } from "../palette.js"

export default function ({ data, root }) {
  const said = JSON.stringify(data)
  if (root.said === said) return
  root.said = said
  root.replaceChildren(questionOf(data))
}

/** The element. choose: what to do with a pupil's choice; without it the answers are no buttons. */
export function questionOf(question, choose = null) {
  const { text, voted, pupils, revealed, note } = question
  const state = revealed ? note : pupils === undefined ? "" : `${voted} of ${pupils} voted`
  return el(
    "section",
    { className: `question ${choose ? "asked" : "projected"}` },
    el("h2", {}, text),
    el("p", { className: "state", role: "status" }, state),
    el("div", { className: "body" }, ...shownOf(question.shown), answersOf(question, choose)),
  )
}

function answersOf({ choices, counts, truth, mine, revealed }, choose) {
  const most = Math.max(1, ...(counts ?? []))
  const rows = choices.map((choice, at) => {
    const right = revealed && truth === at
    const chosen = mine === at
    const words = [right ? el("small", {}, " ✓") : "", chosen && revealed ? el("small", {}, " yours") : ""]
    const children = [el("span", { className: "choice" }, choice, ...words)]
    if (revealed) {
      const bar = el("span", { className: "share", style: `--votes: ${counts[at] / most}` })
      children.push(el("span", { className: "track" }, bar), el("span", { className: "number" }, `${counts[at]}`))
    }
    const button = choose && !revealed
    const row = el(button ? "button" : "div", { className: `answer-row ${right ? "right" : ""}` }, ...children)
    if (button) {
      row.setAttribute("aria-pressed", `${chosen}`)
      row.onclick = () => choose(at)
    }
    return row
  })
  const short = choices.every((choice) => choice.length < 3)
  return el(
    "div",
    {
      className: `answers-list ${short ? "short" : ""} ${revealed ? "revealed" : ""}`,
      role: "group",
      "aria-label": "Answers",
    },
    ...rows,
  )
}

function shownOf({ picture, groups, kernels }) {
  const parts = []
  if (picture) {
    const canvas = el("canvas", { className: "digit", role: "img", "aria-label": "The digit that is asked about" })
    const cells = Float32Array.from(atob(picture), (letter) => letter.charCodeAt(0) / 255)
    paintCells(canvas, cells, SIZE, SIZE, 1, false, GREYS)
    parts.push(canvas)
  }
  if (kernels) parts.push(el("div", { className: "groups" }, ...kernels.map(kernelOf)))
  if (groups) parts.push(el("div", { className: "groups" }, ...groups.map(groupOf)))
  return parts.length ? [el("div", { className: "shown" }, ...parts)] : []
}

/** A kernel as its cells, in the colours of signed numbers. */
function kernelOf(weights, at) {
  const side = Math.sqrt(weights.length)
  const canvas = el("canvas", { className: "kernel", role: "img", "aria-label": `Kernel ${at}` })
  paintCells(canvas, weights, side, side, 1, true)
  return el("figure", {}, canvas, el("figcaption", {}, `map ${at}`))
}

/** A network's ten numbers, one a digit, as bars that stand. */
function groupOf({ name, values }) {
  const most = Math.max(1e-9, ...values)
  const bars = values.map((value, digit) =>
    el(
      "span",
      { className: "pillar", title: `${digit}: ${value}` },
      el("i", { style: `--share: ${Math.max(0, value) / most}` }),
      `${digit}`,
    ),
  )
  return el("figure", {}, el("figcaption", {}, name), el("div", { className: "pillars" }, ...bars))
}
