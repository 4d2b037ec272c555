// The kernels of a layer to choose from by their pictures; and of the chosen one, in one row: its weights, the digit, the
// map that it makes of it, and the patches of test digits that it answers to most.

import { decoded, el, paintCells, styled } from "../dom.js"
import { figure } from "../formatting.js"

const LARGE = 110 // pixels of the pictures in the row

export default function ({ data, root, setStateValue }) {
  root.classList.add("kernels")
  const { layer, chosen, count, inputs, side } = data
  const weights = decoded(data.weights)
  const most = weights.reduce((a, b) => Math.max(a, Math.abs(b)), 0)
  const each = side * side
  /** The kernels for all input maps beside each other. */
  const kernelPicture = (kernel) => {
    const wide = inputs * (side + 1) - 1
    const values = new Float32Array(side * wide)
    for (let map = 0; map < inputs; map++)
      for (let cell = 0; cell < each; cell++)
        values[Math.floor(cell / side) * wide + map * (side + 1) + (cell % side)] =
          weights[(kernel * inputs + map) * each + cell]
    return picture(values, side, wide, most, true, `Kernel ${kernel} of ${layer}`)
  }
  const buttons = Array.from({ length: count }, (_, kernel) => {
    const label = `Kernel ${kernel} of ${layer}`
    const button = el(
      "button",
      { type: "button", "aria-label": label, title: label },
      kernelPicture(kernel),
      `${kernel}`,
    )
    button.setAttribute("aria-pressed", kernel === chosen)
    button.onclick = () => {
      for (const other of buttons) other.setAttribute("aria-pressed", other === button)
      setStateValue("kernel", kernel)
    }
    return button
  })
  const figureOf = (canvas, words, wide = LARGE) => {
    canvas.style.width = `${wide}px`
    return el("figure", {}, canvas, el("figcaption", {}, words))
  }
  const { image, map, patches } = data
  const [rows, columns] = map.shape
  const made = decoded(map.values)
  const largest = made.reduce((a, b) => Math.max(a, Math.abs(b)), 0)
  const row = el(
    "div",
    { className: "row" },
    figureOf(
      kernelPicture(chosen),
      `kernel ${chosen}, colours up to ±${figure(most, false, 2)}`,
      Math.min(360, LARGE * inputs),
    ),
    figureOf(picture(decoded(image), 28, 28, 1, false, "The digit"), "your digit"),
    figureOf(picture(made, rows, columns, largest, true, "Its map"), "its map of the digit"),
    el(
      "div",
      { className: "patches" },
      ...patches.map(({ values, number, value }) =>
        figureOf(
          picture(decoded(values), data.patch, data.patch, 1, false, `Patch of test digit ${number}`),
          `${number}: ${figure(value, false, 2)}`,
          52,
        ),
      ),
    ),
  )
  root.replaceChildren(
    el("div", { className: `choice ${inputs > 1 ? "wide" : ""}`, role: "group", "aria-label": "Kernel" }, ...buttons),
    row,
  )
  root.dataset.chosen = `${layer} ${chosen}`
  styled(root, "inside/kernels.css")
}

function picture(values, rows, columns, scale, signed, label) {
  const canvas = el("canvas", { role: "img", "aria-label": label })
  paintCells(canvas, values, rows, columns, scale, signed)
  return canvas
}
