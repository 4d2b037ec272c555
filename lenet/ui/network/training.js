// The six kernels and the ten digits of a run. All is painted at once, so nothing is ever missing or moves.

import { decoded, el, paintCells } from "./dom.js"

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".pictures")
  root.replaceChildren(kernels(data.kernels), digits(data.digits))
}

/** A grid of numbers, each cell `zoom` pixels of the page. */
function picture({ values, shape: [rows, columns], signed, scale }, zoom, label) {
  const canvas = el("canvas", { role: "img", title: label, "aria-label": label })
  paintCells(canvas, decoded(values), rows, columns, scale, signed)
  canvas.style.width = `${columns * zoom}px`
  canvas.style.height = `${rows * zoom}px`
  return canvas
}

function kernels({ grids, scale, words }) {
  const one = (grid, number) =>
    el("figure", {}, picture(grid, 11, `Kernel ${number} of conv1`), el("figcaption", {}, `${number}`))
  return el(
    "section",
    { className: "kernels" },
    el("h3", {}, "The six kernels of conv1"),
    el("div", { className: "row" }, ...grids.map(one)),
    el("p", { className: "legend" }, `−${scale} `, el("i", { className: "diverging" }), ` ${scale} (${words})`),
  )
}

function digits(rows) {
  const one = ({ grid, name, answer, sure, wrong }, place) => {
    const what = name || `test digit ${place}`
    const said = answer === null ? sure : `read as ${answer}, ${sure}`
    return el(
      "figure",
      { className: wrong ? "wrong" : "" },
      picture(grid, 2, `${what}: ${said}`),
      el(
        "figcaption",
        {},
        el("b", {}, `${wrong ? "✗ " : ""}${answer ?? "?"}`),
        el("span", {}, sure),
        name ? el("span", {}, name) : null,
      ),
    )
  }
  return el(
    "section",
    { className: "digits" },
    el("h3", {}, "A test digit of each class: what the network answers, and how sure it is"),
    el("div", { className: "row" }, ...rows.map(one)),
  )
}
