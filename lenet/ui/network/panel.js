// The panel that takes one number apart: what layers.js puts together, built of elements of the page. A button with
// data-stage and data-cell leads to another number.

import { el, paintCells } from "./dom.js"
import { biasAt, weightAt } from "./edits.js"
import { figure, hundredths, nameOf, percent, plainly, shortName } from "./formatting.js"
import { explain, KINDS, place, sum } from "./layers.js"
import { tint } from "./palette.js"

const SHOWN = 8 // terms of a long sum before the rest becomes one line
const CHANNELS = 6 // of a convolution before the rest becomes one line
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

/** All of the panel but its head. options: { exact, all }; edit: whether weights are buttons that choose them;
 *  check: whether the sum is held against the number that the network computed;
 *  upTo: the last cell of the map that a kernel on its way has reached. */
export function body(net, number, cell, options) {
  const stage = net.stages[number]
  const before = net.stages[number - 1]
  const found = explain(net, number, cell)
  const ui = toolkit(net, { ...options, number, cell })
  const parts = KINDS[stage.kind].panel(ui, found, { ...options, net, stage, before, cell })
  const checked = options.check && computed(found) ? check(found, stage.values[cell], options.exact) : null
  return [...parts, checked].filter(Boolean)
}

/** Whether anything is worked out: a pixel is not, nor is a number that is only handed on. */
const computed = ({ groups, terms, bias, nonlinearity }) =>
  Boolean(groups || nonlinearity || (bias && terms.length) || terms.length > 1)

/** What a panel is built of. */
function toolkit(net, options) {
  const { exact } = options
  const write = (value) => plainly(value, exact)
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
    grid: (cells, columns, more) => grid(net, cells, columns, { exact, ...more }),
    listing: (found, words, biasName = "bias") =>
      listing(net, found, { ...options, of: options.number, number, write, words, biasName }),
    convolution: (found) => convolution(net, found, options, ui),
    shares: (found, cell) => shares(net, found, cell, write),
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
    if (one.weight)
      return el(
        "button",
        { type: "button", ...common, ...choosing(one.weight), title: `${title}. Drag it up or down, or click it` },
        text,
      )
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

/** What makes a button choose a weight: where it is kept. */
const choosing = ({ name, at }) => ({ "data-weight": name, "data-at": at })

/** A number that can be chosen and changed, if it is a weight and that is allowed. */
function weightButton(at, text) {
  return at
    ? el(
        "button",
        { type: "button", className: "weight", ...choosing(at), title: "Drag it up or down, or click it" },
        text,
      )
    : text
}

/** What a convolution multiplies: of each input map the patch, the kernel and their products; and as pictures what each
 *  kernel makes of its map, their sum and the bias. */
function convolution(net, found, { number, cell, all, edit, exact, upTo }, ui) {
  const stage = net.stages[number]
  const before = net.stages[number - 1]
  const { groups, bias, sum: total, terms } = found
  const several = groups.length > 1
  const most = (values) => Math.max(...values.map(Math.abs)) || 1
  const scales = [before.scale, most(terms.map(({ weight }) => weight)), most(terms.map(({ product }) => product))]
  const strongest = terms.reduce((best, one) => (Math.abs(one.product) > Math.abs(best.product) ? one : best))
  const kernel = stage.window[0]
  const channel = (group) => {
    const name = several ? `map ${group.map}` : before.name
    const spots = new Array(kernel ** 2).fill(null)
    for (const one of group.terms) {
      const kept = weightAt(net, number, cell, one)
      spots[kept.at % kernel ** 2] = { one, kept }
    }
    const mark = spots.findIndex((spot) => spot?.one === strongest)
    const cells = (make) => spots.map((spot) => spot && make(spot))
    return ui.row(
      "channel",
      ui.label(name),
      ui.grid(
        cells(({ one }) => ({ value: one.value, term: one, product: one.product })),
        kernel,
        { scale: scales[0], signed: before.signed, label: `patch of ${name}`, mark },
      ),
      ui.sign("×"),
      ui.grid(
        cells(({ one, kept }) => ({ value: one.weight, product: one.product, weight: edit && kept })),
        kernel,
        { scale: scales[1], signed: true, label: `kernel for ${name}`, mark },
      ),
      ui.row(
        "products",
        ui.sign("="),
        ui.grid(
          cells(({ one }) => ({ value: one.product })),
          kernel,
          { scale: scales[2], signed: true, label: `products of ${name}`, mark },
        ),
        ui.sign("→"),
        ui.number(group.sum, "term"),
      ),
    )
  }
  const order = [...groups.keys()].sort((a, b) => Math.abs(groups[b].sum) - Math.abs(groups[a].sum))
  const shown = new Set(all ? order : order.slice(0, CHANNELS))
  const left = groups.length - shown.size
  const sign = (value, first) => (value < 0 ? (first ? "−" : " − ") : first ? "" : " + ")
  return [
    ui.line(
      "equation",
      ...groups.flatMap((group, at) => [sign(group.sum, at === 0), ui.small(Math.abs(group.sum), `map ${group.map}`)]),
      sign(bias, false),
      edit ? weightButton(biasAt(net, number, cell), ui.figure(Math.abs(bias))) : ui.small(Math.abs(bias), "bias"),
      " (bias) = ",
      ui.number(total, "total"),
    ),
    ui.row(
      "channels",
      ...groups.filter((_, at) => shown.has(at)).map(channel),
      ...(left
        ? [el("button", { type: "button", className: "plain", "data-all": "true" }, `${left} more input maps`)]
        : []),
      ui.row("pictures", ...mapPictures(net, number, cell, { found, upTo, several })),
    ),
    ui.note(
      `Framed: the product that weighs most.${edit ? " Drag a number of the kernel up or down to change it." : ""}${exact ? "" : " Cells are rounded to two decimals; “exact figures” has them all."}`,
    ),
  ]
}

/** What each kernel makes of its whole map, their sum and the bias: a row of pictures in one scale. */
function mapPictures(net, number, cell, { found: { groups, bias }, upTo, several }) {
  const stage = net.stages[number]
  const [, rows, columns] = stage.shape
  const [map, row, column] = place(stage, cell)
  const { planes, whole, biases } = painted(net, number, map, { groups, bias, upTo })
  const here = `left:${(100 * column) / columns}%;top:${(100 * row) / rows}%;width:${100 / columns}%;height:${100 / rows}%`
  const picture = (canvas, name, kind = "") => {
    canvas.setAttribute("aria-label", name)
    return el(
      "figure",
      { className: kind },
      el("div", { className: "framed" }, canvas, el("i", { style: here })),
      el("figcaption", {}, name),
    )
  }
  const plus = () => el("span", { className: "sign" }, "+")
  return [
    ...planes.flatMap((plane, at) => [
      ...(at ? [plus()] : []),
      picture(plane, several ? `map ${groups[at].map}` : "× kernel"),
    ]),
    plus(),
    picture(biases, "bias"),
    el("span", { className: "sign" }, "="),
    picture(whole, `${stage.name}${stage.shape[0] > 1 ? ` map ${map}` : ""}`, "result"),
  ]
}

const paintings = new WeakMap() // of a stage: its maps' canvases, and the pass that they are of

/** The canvases of mapPictures. They are the same for every cell of a map, so they are kept until the next pass. */
function painted(net, number, map, { groups, bias, upTo }) {
  const stage = net.stages[number]
  const [, rows, columns] = stage.shape
  const cells = rows * columns
  if (paintings.get(stage)?.pass !== net.pass) paintings.set(stage, { pass: net.pass, maps: new Map() })
  const { maps } = paintings.get(stage)
  if (maps.has(map) && upTo === undefined) return maps.get(map)
  const planes = groups.map((group) => planeOf(net, number, map, group.map))
  const whole = stage.values.slice(map * cells, (map + 1) * cells)
  const scale = Math.max(...[...planes, whole].map((plane) => plane.reduce((a, b) => Math.max(a, Math.abs(b)), 0))) || 1
  const paint = (plane) => {
    const canvas = el("canvas", { role: "img" })
    const shown = upTo === undefined ? plane : plane.map((value, at) => (at > upTo ? 0 : value))
    paintCells(canvas, shown, rows, columns, scale, true)
    return canvas
  }
  const found = {
    planes: planes.map(paint),
    whole: paint(whole),
    biases: paint(new Float32Array(cells).fill(bias)),
  }
  if (upTo === undefined) maps.set(map, found)
  return found
}

/** What the kernel of one map for one input map makes of it: a number for each cell. */
function planeOf({ stages }, number, map, from) {
  const { shape, window, weights } = stages[number]
  const [, rows, columns] = shape
  const [kernel, stride, padding] = window
  const before = stages[number - 1]
  const [inputs, inRows, inColumns] = before.shape
  const at = (map * inputs + from) * kernel ** 2
  const plane = new Float32Array(rows * columns)
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      let total = 0
      for (let i = 0; i < kernel; i++)
        for (let j = 0; j < kernel; j++) {
          const [y, x] = [r * stride - padding + i, c * stride - padding + j]
          if (y < 0 || x < 0 || y >= inRows || x >= inColumns) continue
          total += weights.weight[at + i * kernel + j] * before.values[(from * inRows + y) * inColumns + x]
        }
      plane[r * columns + c] = total
    }
  return plane
}

/** A sum whose largest terms come first and whose rest is one line. */
function listing(net, found, { of, cell, edit, number, write, all, words, biasName }) {
  const { terms, bias, sum: total } = found
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
      el("td", { className: "calculation" }, ...calculation),
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
      ...shown.map((one) =>
        row(
          source(net, one),
          [`${write(one.value)} × `, weightButton(edit && weightAt(net, of, cell, one, found.name), write(one.weight))],
          one.product,
          "one",
        ),
      ),
      rest.length ? row(more, ["smaller terms together"], together, "rest") : null,
      row(biasName, [edit ? weightButton(biasAt(net, of, cell, found.name), "change") : ""], bias, "bias"),
      row("sum", [], total, "total"),
    ),
  )
}

/** The ten terms of a softmax, each with its share. */
function shares(net, { terms, sum: total }, cell, write) {
  const before = net.stages[terms[0].stage]
  const rows = terms.map((term, digit) =>
    el(
      "tr",
      { className: digit === cell ? "own" : "" },
      el("td", {}, `${digit}`),
      el("td", {}, source(net, term, `${before.name} ${digit}: ${write(term.value)}`)),
      el("td", { className: "product" }, percent(term.product / total)),
      el(
        "td",
        { className: "bars share", "aria-hidden": "true" },
        el("i", { className: "plus", style: `width:${(100 * term.product) / total}%` }),
      ),
    ),
  )
  return el("table", { className: "listing" }, head(["digit", "score", "share"], "its size"), el("tbody", {}, ...rows))
}

const head = (names, last) =>
  el("thead", {}, el("tr", {}, ...names.map((name) => el("th", {}, name)), el("th", { "aria-label": last })))

/** How far our number and the one that the network computed agree, honestly. */
export function agreement({ value, terms, groups, bias }, theirs) {
  const apart = Math.abs(value - theirs)
  const relative = theirs ? apart / Math.abs(theirs) : apart
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

/** Our number and the network's. */
function check(found, theirs, exact) {
  const output = (className, value) =>
    el("output", { className, "data-value": value, title: figure(value, true) }, plainly(value, exact))
  const words = agreement(found, theirs)
  return el(
    "p",
    { className: "check" },
    ...["Worked out here: ", output("ours", found.value), ". The network: ", output("theirs", theirs), `. ${words}`],
  )
}
