// What each pixel of a digit contributes to a logit: for each network a picture for each method, in one set of colours,
// with the outline of the digit.

import { decoded, el, paintCells, styled, svg } from "../dom.js"
import { figure } from "../formatting.js"
import { SIZE } from "../ink.js"

const INK = 0.5 // of the full ink: the outline is drawn where it ends

export default function ({ data: { image, words, networks }, root }) {
  styled(root, "inside/saliency.css")
  root.classList.add("saliency")
  const outline = outlineOf(decoded(image))
  const legend = el(
    "p",
    { className: "legend" },
    el("span", {}, "speaks against it ", el("i", { className: "scale diverging" }), " speaks for it"),
    el("span", {}, `${words}; the line is the digit's outline`),
  )
  root.replaceChildren(
    legend,
    el("div", { className: "row" }, ...networks.map((network) => networkOf(network, outline))),
  )
}

function networkOf({ name, target, pictures, note }, outline) {
  const heading = target === null ? name : `${name}, logit of ${target}`
  const figures = pictures.map(({ label, values, scale }) => {
    const canvas = el("canvas", { role: "img" })
    canvas.setAttribute("aria-label", `${label} for the logit of ${target} of ${name}`)
    paintCells(canvas, decoded(values), SIZE, SIZE, scale, true)
    const path = svg("path", { d: outline })
    const line = svg("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, "aria-hidden": true }, path)
    return el(
      "figure",
      {},
      el("div", { className: "cells" }, canvas, line),
      el("figcaption", {}, `${label}: full colour is ±${figure(scale, false, 2)}`),
    )
  })
  return el("section", {}, el("h3", {}, heading), el("div", { className: "row" }, ...figures), el("p", {}, note))
}

/** The edges between pixels with ink and those without, as a path. */
export function outlineOf(image) {
  const ink = (row, column) =>
    row >= 0 && column >= 0 && row < SIZE && column < SIZE && image[row * SIZE + column] > INK
  let path = ""
  for (let row = 0; row <= SIZE; row++)
    for (let column = 0; column <= SIZE; column++) {
      if (ink(row, column) !== ink(row - 1, column)) path += `M${column},${row}h1`
      if (ink(row, column) !== ink(row, column - 1)) path += `M${column},${row}v1`
    }
  return path
}
