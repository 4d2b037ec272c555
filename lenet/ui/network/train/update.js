// The gradients of one step, a cell a weight, and one weight's update as arithmetic.

import { decodedBytes, el, paintCells } from "../dom.js"

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".update")
  root.ask = (weight) => setTriggerValue("weight", weight)
  const text = JSON.stringify(data)
  if (root.told === text) return () => {}
  const step = `${data.run} ${data.step}`
  if (root.step !== step) {
    root.step = step
    root.replaceChildren(...chooser(root, data))
  }
  root.told = text
  root.querySelector(".opened").replaceChildren(...opened(data.opened))
  return () => {}
}

/** How a parameter is drawn: rows and columns of cells, and the place of a weight in them. Kernels stand in a grid: a
 *  column for each map that they make, a row for each that they look at. */
export function grid(shape) {
  if (shape.length === 4) {
    const [maps, inputs, high, wide] = shape
    return {
      rows: inputs * (high + 1) - 1,
      columns: maps * (wide + 1) - 1,
      place: (at) => {
        const kernel = Math.floor(at / wide / high)
        const [map, input] = [Math.floor(kernel / inputs), kernel % inputs]
        return [input * (high + 1) + (Math.floor(at / wide) % high), map * (wide + 1) + (at % wide)]
      },
      at: (row, column) => {
        const [i, j] = [row % (high + 1), column % (wide + 1)]
        if (i === high || j === wide) return null // between two kernels
        const [input, map] = [Math.floor(row / (high + 1)), Math.floor(column / (wide + 1))]
        return ((map * inputs + input) * high + i) * wide + j
      },
    }
  }
  const [rows, columns] = shape.length === 2 ? shape : [1, shape[0]]
  return {
    rows,
    columns,
    place: (at) => [Math.floor(at / columns), at % columns],
    at: (row, column) => row * columns + column,
  }
}

function chooser(root, { layers, step }) {
  const select = el("select", { "aria-label": "Weights of" })
  select.append(...layers.map(({ name, shape }) => el("option", { value: name }, `${name}  (${shape.join(" × ")})`)))
  const canvas = el("canvas", { tabIndex: 0, role: "application" })
  const ring = el("i", { className: "ring" })
  const said = el("p", { className: "small", "aria-live": "polite" })
  const legend = el("p", { className: "legend" })
  let cursor = 0
  const layer = () => layers.find(({ name }) => name === select.value)
  const paint = () => {
    const { name, shape, cells, scale } = layer()
    const { rows, columns, place } = grid(shape)
    const values = new Float32Array(rows * columns)
    const bytes = decodedBytes(cells)
    for (let at = 0; at < bytes.length; at++) {
      const [row, column] = place(at)
      values[row * columns + column] = (bytes[at] - 128) / 127
    }
    paintCells(canvas, values, rows, columns, 1, true)
    const zoom = Math.max(1, Math.min(14, Math.floor(Math.min(620 / columns, 300 / rows)) || 1))
    canvas.parentElement.style.width = `${columns * zoom}px`
    canvas.setAttribute("aria-label", `Gradients of ${name}: arrow keys move, Enter opens a weight`)
    legend.replaceChildren(`−${scale} `, el("i", { className: "diverging" }), ` ${scale}: gradient of each weight`)
    move(0)
  }
  const move = (at) => {
    const { shape, name, cells } = layer()
    const { rows, columns, place } = grid(shape)
    cursor = Math.max(0, Math.min(decodedBytes(cells).length - 1, at))
    const [row, column] = place(cursor)
    const [x, y] = [100 / columns, 100 / rows]
    ring.style.cssText = `left:${column * x}%;top:${row * y}%;width:${x}%;height:${y}%`
    said.textContent = `${name}, weight ${indexOf(cursor, shape).join(", ")}`
  }
  const open = () => root.ask({ name: select.value, at: cursor, step })
  const under = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect()
    const { rows, columns, at } = grid(layer().shape)
    const row = Math.min(rows - 1, Math.floor(((clientY - box.top) / box.height) * rows))
    const column = Math.min(columns - 1, Math.floor(((clientX - box.left) / box.width) * columns))
    return at(Math.max(0, row), Math.max(0, column))
  }
  canvas.onclick = (event) => {
    const at = under(event)
    if (at === null) return
    move(at)
    open()
  }
  canvas.onkeydown = (event) => {
    const columns = layer().shape.at(-1)
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key]
    if (by) move(cursor + by)
    else if (event.key === "Enter" || event.key === " ") open()
    else return
    event.preventDefault()
  }
  select.onchange = paint
  const last = layers.filter(({ shape }) => shape.length > 1).at(-1)
  if (last) select.value = last.name
  const parts = [
    el(
      "section",
      { className: "weights" },
      el("h2", {}, "Learning, taken apart: click any weight"),
      el("label", {}, "Weights of ", select),
      el("div", { className: "canvas" }, canvas, ring),
      legend,
      said,
    ),
    el("section", { className: "opened", "aria-live": "polite" }),
  ]
  paint()
  return parts
}

function indexOf(at, shape) {
  const index = []
  let left = at
  for (const size of [...shape].reverse()) {
    index.unshift(left % size)
    left = Math.floor(left / size)
  }
  return index
}

function opened(one) {
  if (!one) return [el("p", { className: "small" }, "Nothing opened yet: blue weights go up, orange ones go down.")]
  const terms = one.terms.map(({ image, label, value, share, words }) => {
    const canvas = el("canvas", { role: "img", "aria-label": `A picture of ${label}` })
    paintCells(
      canvas,
      decodedBytes(image).map((byte) => byte / 255),
      28,
      28,
    )
    const bar = el("i", {
      className: share < 0 ? "minus" : "plus",
      style: `width:${(100 * Math.abs(share)).toFixed(1)}%`,
    })
    return el(
      "li",
      {},
      canvas,
      el("b", {}, label),
      bar,
      el("span", {}, value),
      el("span", { className: "small" }, words),
    )
  })
  return [
    el("h3", {}, one.head),
    el("p", {}, one.sum),
    el("ol", { className: "terms" }, ...terms),
    one.rest ? el("p", {}, one.rest) : "",
    el("p", { className: "check" }, one.check),
    ...one.lines.map((line) => el("p", { className: "line" }, line)),
    el("p", { className: "check" }, one.torch),
  ]
}
