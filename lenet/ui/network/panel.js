// The panel that takes one number apart: what layers.js puts together, built of elements of the page. A button with
// data-stage and data-cell leads to another number.

import { el } from "./dom.js"
import { figure, hundredths, nameOf, shortName } from "./formatting.js"
import { explain, KINDS, sum } from "./layers.js"
import { tint } from "./palette.js"

const SHOWN = 8 // terms of a long sum before the rest becomes one line
const MOST_DIGITS = 7 // that float32 holds

/** A button that goes to the cell a term was read from. */
export function source(net, { stage, cell }, text) {
  const from = net.stages[stage]
  return el(
    "button",
    { type: "button", className: "go", "data-stage": stage, "data-cell": cell, title: `Go to ${nameOf(from, cell)}` },
    text ?? shortName(from, cell),
  )
}

/** All of the panel but its head. options: { exact, all }; reference: PyTorch's number, where the server gave it. */
export function body(net, number, cell, options, reference) {
  const stage = net.stages[number]
  const before = net.stages[number - 1]
  const found = explain(net, number, cell)
  const parts = KINDS[stage.kind].panel(toolkit(net, options), found, { ...options, net, stage, before, cell })
  const checked = number > 0 && reference !== undefined ? check(found, reference, options.exact) : null
  return [...parts, checked].filter(Boolean)
}

/** What a panel is built of. */
function toolkit(net, { exact, all }) {
  const write = (value) => figure(value, exact)
  const number = (value, kind = "") =>
    el("output", { className: `number ${kind}`, title: figure(value, true), "data-value": value }, write(value))
  const ui = {
    figure: write,
    number,
    source: (term, text) => source(net, term, text),
    p: (text) => el("p", {}, text),
    note: (text) => el("p", { className: "note" }, text),
    sup: (text) => el("sup", {}, text),
    sign: (text) => el("span", { className: "sign" }, text),
    label: (text) => el("div", { className: "which" }, text),
    line: (kind, ...children) => el("div", { className: `line ${kind}` }, ...children),
    row: (kind, ...children) => el("div", { className: kind }, ...children),
    small: (value, what) => el("span", { className: "number", title: `${what}: ${figure(value, true)}` }, write(value)),
    list: (...items) => el("ol", { className: "derivation" }, ...items.map((item) => el("li", {}, ...item))),
    details: (open, summary, content) => el("details", { open }, el("summary", {}, ...summary), content),
    grid: (cells, columns, options) => grid(net, cells, columns, { exact, ...options }),
    listing: (found, words, biasName = "bias") => listing(net, found, { number, write, all, words, biasName }),
    shares: (found, cell) => shares(net, found, cell, number, write),
  }
  return ui
}

/** A little grid of numbers. cells: { value, term, product } or null for padding; with a term, a button that leads to
 *  its cell. mark: the place of the framed one. */
function grid(net, cells, columns, { scale, signed, exact, label, mark = -1 }) {
  const shown = cells.map((one, at) => {
    if (one === null) return el("span", { className: "padding", title: "padding: no number here" }, "·")
    const { background, colour } = tint(one.value, scale, signed)
    const product = one.product === undefined ? "" : `; product ${figure(one.product, true)}`
    const common = {
      style: `background:${background};color:${colour}`,
      className: at === mark ? "mark" : "",
      "data-value": one.value,
    }
    const text = exact ? figure(one.value, true) : hundredths(one.value)
    const title = `${figure(one.value, true)}${product}`
    if (!one.term) return el("span", { ...common, title }, text)
    const { stage, cell } = one.term
    const more = { "data-stage": stage, "data-cell": cell, "data-product": one.product, tabIndex: at ? -1 : 0 }
    return el(
      "button",
      { type: "button", ...common, ...more, title: `${nameOf(net.stages[stage], cell)}: ${title}` },
      text,
    )
  })
  const properties = { className: `grid${exact ? " exact" : ""}`, style: `--columns:${columns}` }
  return el("div", { ...properties, role: "group", "aria-label": label }, ...shown)
}

/** A sum whose largest terms come first and whose rest is one line. */
function listing(net, { terms, bias, sum: total }, { number, write, all, words, biasName }) {
  const sorted = [...terms].sort((a, b) => Math.abs(b.product) - Math.abs(a.product))
  const shown = all ? sorted : sorted.slice(0, SHOWN)
  const rest = sorted.slice(shown.length)
  const together = sum(rest.map(({ product }) => product))
  const most = Math.max(...[...shown.map(({ product }) => product), together, bias, total].map(Math.abs)) || 1
  const bar = (product) =>
    el("i", { className: product < 0 ? "minus" : "plus", style: `width:${(50 * Math.abs(product)) / most}%` })
  const row = (name, calculation, product, kind) =>
    el(
      "tr",
      { className: kind },
      el("td", {}, name),
      el("td", { className: "calculation" }, calculation),
      el("td", { className: "product" }, number(product, "term")),
      el("td", { className: "bars", "aria-hidden": "true" }, bar(product)),
    )
  const more = el("button", { type: "button", className: "plain", "data-all": "true" }, `${rest.length} more`)
  return el(
    "table",
    { className: "listing" },
    head(["from", words, "product"], "its size"),
    el(
      "tbody",
      {},
      ...shown.map((one) => row(source(net, one), `${write(one.value)} × ${write(one.weight)}`, one.product, "one")),
      rest.length ? row(more, "smaller terms together", together, "rest") : null,
      row(biasName, "", bias, "bias"),
      row("sum", "", total, "total"),
    ),
  )
}

/** The ten terms of a softmax, each with its share. */
function shares(net, { terms, sum: total }, cell, number, write) {
  const before = net.stages[terms[0].stage]
  const rows = terms.map((term, digit) =>
    el(
      "tr",
      { className: digit === cell ? "own" : "" },
      el("td", {}, `${digit}`),
      el("td", {}, source(net, term, `${before.name} ${digit}: ${write(term.value)}`)),
      el("td", { className: "product" }, number(term.product, "term")),
      el(
        "td",
        { className: "bars share", "aria-hidden": "true" },
        el("i", { className: "plus", style: `width:${(100 * term.product) / total}%` }),
      ),
    ),
  )
  const last = el("td", { className: "product" }, number(total, "total"))
  return el(
    "table",
    { className: "listing" },
    head(["digit", "score", "e to the power"], "share"),
    el("tbody", {}, ...rows, el("tr", { className: "total" }, el("td", {}, "sum"), el("td", {}), last, el("td", {}))),
  )
}

const head = (names, last) =>
  el("thead", {}, el("tr", {}, ...names.map((name) => el("th", {}, name)), el("th", { "aria-label": last })))

/** How far our number and PyTorch's agree, honestly. */
export function agreement({ value, terms, groups, bias }, torch) {
  const apart = Math.abs(value - torch)
  const relative = torch ? apart / Math.abs(torch) : apart
  if (relative <= 1e-4) {
    const digits = Math.min(MOST_DIGITS, Math.floor(-Math.log10(relative)))
    return `Same result to ${["four", "five", "six", "seven"][digits - 4]} digits ✓`
  }
  // float32 rounds each addition by up to a sixteen-millionth of what is added up, however small the outcome is.
  const products = (groups?.flatMap((group) => group.terms) ?? terms).map(({ product }) => Math.abs(product))
  if (apart <= 1e-6 * Math.max(1, Math.abs(bias) + sum(products)))
    return "Same result, as far as float32 can tell: large terms cancel here ✓"
  return `They differ by ${figure(apart)}: that is too much.`
}

/** Our number and PyTorch's. */
function check(found, torch, exact) {
  const output = (className, value) =>
    el("output", { className, "data-value": value, title: figure(value, true) }, figure(value, exact))
  const words = agreement(found, torch)
  return el(
    "p",
    { className: "check" },
    ...["Added up here: ", output("ours", found.value), ". PyTorch: ", output("torch", torch), `. ${words}`],
  )
}
