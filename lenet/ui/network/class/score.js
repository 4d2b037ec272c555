// The class's own test set: each network's accuracy on it beside MNIST's, its confusion matrix, and the worst errors.

import { el } from "../dom.js"
import { decode, SIDE } from "../ink.js"
import { paintStrokes } from "./pad.js"

const PIXELS = 96 // of a drawing
const FULL = 0.5 // of the digits of a class that were taken for another: the darkest cell

export default function ({ data, root }) {
  const said = JSON.stringify(data)
  if (root.said === said) return
  root.said = said
  const { networks, from, details } = data
  root.replaceChildren(
    el("div", { className: "score" }, accuraciesOf(networks, from), ...(details ? detailsOf(details) : [])),
  )
}

/** For each network the share of digits read correctly, with its interval, on the class's digits and on MNIST's. */
function accuraciesOf(networks, from) {
  const rows = networks.flatMap(({ name, colour, results }) => [
    el("h2", {}, el("i", { className: "chip", style: `--colour: ${colour}` }), name),
    ...results.map(({ what, value, low, high, text }) => {
      const at = (share) => (100 * (share - from)) / (1 - from)
      const line = el("span", { className: "interval", style: `left: ${at(low)}%; width: ${at(high) - at(low)}%` })
      const dot = el("span", { className: "dot", style: `left: ${at(value)}%` })
      const axis = el("span", { className: "axis", style: `--colour: ${colour}`, "aria-hidden": "true" }, line, dot)
      return el("div", { className: "result" }, el("span", {}, what), axis, el("b", {}, text))
    }),
  ])
  const ends = el("span", {}, el("i", {}, percentOf(from)), el("i", {}, "100 %"))
  const scale = el("div", { className: "result ends", "aria-hidden": "true" }, el("span"), ends, el("span"))
  return el("section", { "aria-label": "Accuracy" }, ...rows, scale)
}

const percentOf = (share) => `${Math.round(100 * share)} %`

function detailsOf({ name, confusion, misread, facts }) {
  const parts = [el("ul", { className: "facts" }, ...facts.map((fact) => el("li", {}, fact)))]
  parts.push(el("section", {}, el("h2", {}, `What ${name} read, row by row what was asked for`), tableOf(confusion)))
  if (misread.length) {
    const tiles = misread.map(([pupil, label, strokes, words]) => tileOf(pupil, label, strokes, words))
    parts.push(
      el("section", {}, el("h2", {}, "Misread, the surest first"), el("div", { className: "misread" }, ...tiles)),
    )
  }
  return parts
}

function tableOf(confusion) {
  const digits = confusion.map((_, digit) => el("th", { scope: "col" }, `${digit}`))
  const rows = confusion.map((counts, digit) => {
    const total = counts.reduce((sum, count) => sum + count, 0)
    const cells = counts.map((count, read) => {
      const share = total ? Math.min(1, count / total / (read === digit ? 1 : FULL)) : 0
      const kind = read === digit ? "right" : "wrong"
      return el("td", { className: count ? kind : "", style: `--share: ${share}` }, count ? `${count}` : "·")
    })
    return el("tr", {}, el("th", { scope: "row" }, `${digit}`), ...cells)
  })
  return el("table", { className: "taken" }, el("tr", {}, el("td"), ...digits), ...rows)
}

function tileOf(pupil, label, strokes, words) {
  const canvas = el("canvas", { width: PIXELS, height: PIXELS })
  const context = canvas.getContext("2d")
  context.fillRect(0, 0, PIXELS, PIXELS)
  paintStrokes(context, decode(strokes), PIXELS / SIDE)
  const link = el("a", { href: `./?drawing=${strokes}`, target: "_blank" }, canvas)
  link.setAttribute("aria-label", `A ${label} by pupil ${pupil}: see how it is read`)
  return el("figure", {}, link, el("figcaption", {}, words))
}
