// The panel: one number taken apart. It only builds elements; a button with data-stage and data-cell leads there.

import { el } from "./cells.js"
import { agreement, explain } from "./explain.js"
import { figure, hundredths } from "./formatting.js"
import { KINDS, sum } from "./layers.js"
import { nameOf, shortName } from "./layout.js"
import { tint } from "./palette.js"

const SHOWN = 8 // terms of a long sum before the rest becomes one line

/** A button that goes to the cell a term was read from. */
export function source(layers, { stage, cell }, text) {
  const from = layers[stage]
  const title = `Go to ${nameOf(from, cell)}`
  const place = { "data-stage": stage, "data-cell": cell }
  return el("button", { type: "button", className: "go", title, ...place }, text ?? shortName(from, cell))
}

/** What the kinds of layers in layers.js build their panels with. exact: figures to the last; all: of a sum all terms. */
function toolkit({ layers, palette }, { exact, all }) {
  const shown = (value, exactly = exact) => figure(value, exactly)
  const line = (...children) => el("div", { className: "line" }, ...children)
  const number = (value, kind = "") =>
    el("output", { className: `number ${kind}`, title: figure(value, true), "data-value": value }, shown(value))

  /** A little grid of numbers. cells: { value, product, term } or null for padding; a term makes it a button. */
  function grid(cells, columns, { scale, signed, label, mark = -1 }) {
    const cell = (one, at) => {
      if (one === null) return el("span", { className: "padding", title: "padding: no number here" }, "·")
      const { value, product, term } = one
      const { background, colour } = tint(value, { scale, signed }, palette)
      const said = `${figure(value, true)}${product === undefined ? "" : `; product ${figure(product, true)}`}`
      const style = `background:${background};color:${colour}`
      const common = { style, className: at === mark ? "mark" : "", "data-value": value }
      const text = exact ? figure(value, true) : hundredths(value)
      if (!term) return el("span", { ...common, title: said }, text)
      const title = `${nameOf(layers[term.stage], term.cell)}: ${said}`
      const place = { "data-stage": term.stage, "data-cell": term.cell, "data-product": product }
      return el("button", { ...common, ...place, type: "button", title, tabIndex: at ? -1 : 0 }, text)
    }
    const style = `--columns:${columns}`
    const attributes = { className: `grid${exact ? " exact" : ""}`, style, role: "group", "aria-label": label }
    return el("div", attributes, ...cells.map(cell))
  }

  const bars = (className, width, kind = "") =>
    el("td", { className: `bars ${kind}`, "aria-hidden": "true" }, el("i", { className, style: `width:${width}%` }))

  /** A sum whose largest terms come first and whose rest is one line. */
  function listing({ terms, bias, sum: total }, { biasName = "bias" } = {}) {
    const sorted = [...terms].sort((a, b) => Math.abs(b.product) - Math.abs(a.product))
    const first = all ? sorted : sorted.slice(0, SHOWN)
    const rest = sorted.slice(first.length)
    const together = sum(rest.map((term) => term.product))
    const most = Math.max(...[...first.map((term) => term.product), together, bias, total].map(Math.abs)) || 1
    const row = (name, calculation, product, kind) =>
      el(
        "tr",
        { className: kind },
        el("td", {}, name),
        el("td", { className: "calculation" }, calculation),
        el("td", { className: "product" }, number(product, "term")),
        bars(product < 0 ? "minus" : "plus", (50 * Math.abs(product)) / most),
      )
    const more = () => el("button", { type: "button", className: "plain", "data-all": "true" }, `${rest.length} more`)
    const heads = ["from", "value × weight", "product"].map((text) => el("th", {}, text))
    return el(
      "table",
      { className: "listing" },
      el("thead", {}, el("tr", {}, ...heads, el("th", { "aria-label": "its size" }))),
      el(
        "tbody",
        {},
        ...first.map((term) => {
          const product = `${shown(term.value)} × ${shown(term.weight)}`
          return row(source(layers, term), product, term.product, "one")
        }),
        rest.length ? row(more(), "smaller terms together", together, "rest") : null,
        row(biasName, "", bias, "bias"),
        row("sum", "", total, "total"),
      ),
    )
  }

  const share = (part) => bars("plus", 100 * part, "share")
  return { el, line, number, figure: shown, grid, listing, share, exact, all, source: (...at) => source(layers, ...at) }
}

/** Our number, PyTorch's, and how far they are apart, honestly. */
function check(found) {
  const output = (className, value) => el("output", { className, "data-value": value }, figure(value, true))
  return el(
    "p",
    { className: "check" },
    ...["Added up here, in double precision: ", output("ours", found.value), ". PyTorch, in float32: "],
    ...[output("torch", found.torch), ". ", agreement(found)],
  )
}

/** All of the panel but its head. options: exact, all. */
export function body(network, number, cell, options) {
  const layer = network.layers[number]
  const found = explain(network.layers, number, cell)
  const said = KINDS[layer.kind].panel(toolkit(network, options), found, layer, cell)
  return [...said, found.torch === undefined ? null : check(found)].filter(Boolean)
}
