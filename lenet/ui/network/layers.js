// Each kind of layer is one object here, with everything that this kind knows; lenet/layers.py has the same as classes.
//
//   forward(layer, input, weights, output)   what the layer computes; all are Float32Arrays, weights by name
//   explain(layer, cell)                     one number taken apart, from the values of this layer and the one before
//   looksAt(layer, field), usedBy(layer, field)   which cells depend on which: fields of the other layer for one of
//                                            the output, and of the input
//   panel(ui, found, layer, cell)            what the page says about it; `ui` makes the elements (panel.js)
//   opens: a new row of layers begins here; dense: every cell looks at everything; column: what a column is called
//
// A layer has: number, name, shape, size, count, window [kernel, stride, padding], along (it reads digit after digit,
// and this digit is alone), weights, values, and `before`, the layer whose values it takes. Nothing here touches the page.

import { any, everything, nothing, only, place } from "./fields.js"

const NONLINEARITIES = {
  "": (x) => x,
  relu: (x) => Math.max(x, 0),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
}

/** Sum in double precision, the rounding errors collected apart (Neumaier). */
export function sum(numbers) {
  let total = 0
  let lost = 0
  for (const number of numbers) {
    const next = total + number
    lost += Math.abs(total) >= Math.abs(number) ? total - next + number : number - next + total
    total = next
  }
  return total + lost
}

/** A term of a sum: the value of a cell of a layer × a weight. */
function term(from, cell, weight) {
  const value = from.values[cell]
  return { stage: from.number, cell, value, weight, product: value * weight }
}

/** Terms and bias added up. torch: what PyTorch computed; groups: the terms of a convolution by input map, the gates of
 *  an LSTM. */
function added(layer, cell, terms, { bias = 0, nonlinearity = "", ...more } = {}) {
  const total = sum([...terms.map((one) => one.product), bias])
  const value = NONLINEARITIES[nonlinearity](total)
  return { terms, bias, sum: total, nonlinearity, value, torch: layer.values[cell], ...more }
}

// --- Layers whose cells look at the same cell of the layer before ----------------------------------------------------

const cellwise = {
  looksAt: (_, field) => field,
  usedBy: (_, field) => field,
}

const input = {
  ...cellwise,
  forward: (_layer, image, _weights, output) => output.set(image),
  explain: (layer, cell) => ({ terms: [], bias: layer.values[cell], value: layer.values[cell] }),
  panel: ({ el }) => [
    el("p", {}, "The intensity of this pixel: 0 is black, 1 is white. Nothing comes before it: nothing is added up."),
  ],
}

const normalise = {
  ...cellwise,
  forward({ mean, std }, x, _weights, output) {
    for (let i = 0; i < x.length; i++) output[i] = (x[i] - mean) / std
  },
  explain: (layer, cell) =>
    added(layer, cell, [term(layer.before, cell, 1 / layer.std)], { bias: -layer.mean / layer.std }),
  panel({ line, source, figure, number }, { terms: [pixel], value }, { mean, std }) {
    return [line("(", source(pixel, figure(pixel.value)), ` − ${figure(mean)}) / ${figure(std)} = `, number(value))]
  },
}

function activation(nonlinearity, panel) {
  const f = NONLINEARITIES[nonlinearity]
  return {
    ...cellwise,
    forward(_layer, x, _weights, output) {
      for (let i = 0; i < x.length; i++) output[i] = f(x[i])
    },
    explain: (layer, cell) => added(layer, cell, [term(layer.before, cell, 1)], { nonlinearity }),
    panel,
  }
}

const relu = activation("relu", ({ el, line, source, figure, number }, { terms: [x], value }) => [
  line("max(0, ", source(x, figure(x.value)), ") = ", number(value)),
  el("p", {}, value > 0 ? "Positive: ReLU lets it through." : "Not positive: ReLU makes it zero."),
])
const tanh = activation("tanh", ({ line, source, figure, number }, { terms: [x], value }) => [
  line("tanh(", source(x, figure(x.value)), ") = ", number(value)),
])
const sigmoid = activation("sigmoid", ({ el, line, source, figure, number }, { terms: [x], value }) => [
  line("1 / (1 + e", el("sup", {}, "−x"), ") for x = ", source(x, figure(x.value)), ": ", number(value)),
])

// --- Layers that slide over maps -------------------------------------------------------------------------------------

/** The cells in the window of a cell over one map of the layer before, row by row; null is padding. */
function windowOf({ before, window: [kernel, stride, padding], shape }, cell, map) {
  const [, row, column] = place({ shape }, cell)
  const [, rows, columns] = before.shape
  const found = []
  for (let i = 0; i < kernel; i++)
    for (let j = 0; j < kernel; j++) {
      const r = row * stride - padding + i
      const c = column * stride - padding + j
      found.push(r >= 0 && r < rows && c >= 0 && c < columns ? (map * rows + r) * columns + c : null)
    }
  return found
}

/** mixesMaps: whether a cell looks at all maps of the layer before. */
function sliding(mixesMaps) {
  /** Call back for each pair of a cell of the output and a cell of the input in its window, as places on a map. */
  function pairs({ before, window: [kernel, stride, padding], shape: [, rows, columns] }, found) {
    const [, high, wide] = before.shape
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++)
        for (let i = Math.max(0, r * stride - padding); i < Math.min(high, r * stride - padding + kernel); i++)
          for (let j = Math.max(0, c * stride - padding); j < Math.min(wide, c * stride - padding + kernel); j++)
            found(r * columns + c, i * wide + j)
  }
  return {
    looksAt(layer, field) {
      const { plane } = nothing(layer.before)
      pairs(layer, (to, from) => {
        plane[from] |= field.plane[to]
      })
      return { map: mixesMaps ? -1 : field.map, plane }
    },
    usedBy(layer, field) {
      const { plane } = nothing(layer)
      pairs(layer, (to, from) => {
        plane[to] |= field.plane[from]
      })
      return { map: mixesMaps ? -1 : field.map, plane }
    },
  }
}

// What a convolution works in: the padded input, and the sums of two maps. In doubles, since converting each number
// once is faster than at each use.
let padded = new Float64Array(0)
let sums = new Float64Array(0)
let nextSums = new Float64Array(0)

/** Put the maps, with zeros around them, into `padded`. Returns the cells of a map and of a row there. */
function pad(x, [maps, rows, columns], padding) {
  const wide = columns + 2 * padding
  const plane = (rows + 2 * padding) * wide
  if (padded.length < maps * plane) padded = new Float64Array(maps * plane)
  if (padding) padded.fill(0, 0, maps * plane)
  for (let map = 0, from = 0; map < maps; map++)
    for (let r = 0; r < rows; r++)
      for (let c = 0, to = map * plane + (r + padding) * wide + padding; c < columns; c++) padded[to++] = x[from++]
  return { plane, wide }
}

/** Add `padded`, from a place on, × a row of a kernel to `sums`, and × the same row for the next map to `nextSums`. */
function addRow(weight, [at, next], from, { wide, rows, columns, kernel, stride }) {
  if (kernel === 5 && stride === 1) return addFive(weight, [at, next], from, { wide, rows, columns })
  for (let j = 0; j < kernel; j++)
    for (let r = 0, to = 0; r < rows; r++)
      for (let c = 0, x = from + r * stride * wide + j; c < columns; c++, to++, x += stride) {
        sums[to] += weight[at + j] * padded[x]
        nextSums[to] += weight[next + j] * padded[x]
      }
}

/** The same for 5 × 5 kernels that move by one cell: each number of the picture is loaded once for ten products. */
function addFive(weight, [at, next], from, { wide, rows, columns }) {
  const [v0, v1, v2, v3, v4] = weight.subarray(at, at + 5)
  const [w0, w1, w2, w3, w4] = weight.subarray(next, next + 5)
  for (let r = 0, to = 0; r < rows; r++) {
    let x = from + r * wide
    let x0 = padded[x++]
    let x1 = padded[x++]
    let x2 = padded[x++]
    let x3 = padded[x++]
    for (const end = to + columns; to < end; to++) {
      const x4 = padded[x++]
      sums[to] += v0 * x0 + v1 * x1 + v2 * x2 + v3 * x3 + v4 * x4
      nextSums[to] += w0 * x0 + w1 * x1 + w2 * x2 + w3 * x3 + w4 * x4
      x0 = x1
      x1 = x2
      x2 = x3
      x3 = x4
    }
  }
}

const conv = {
  ...sliding(true),
  opens: true,
  forward({ before, shape: [maps, rows, columns], window: [kernel, stride, padding] }, x, { weight, bias }, output) {
    const inputs = before.shape[0]
    const { plane, wide } = pad(x, before.shape, padding)
    const cells = rows * columns
    if (sums.length < cells) {
      sums = new Float64Array(cells)
      nextSums = new Float64Array(cells)
    }
    for (let map = 0; map < maps; map += 2) {
      const next = Math.min(map + 1, maps - 1) // of an odd number of maps the last one is done twice
      sums.fill(bias[map], 0, cells)
      nextSums.fill(bias[next], 0, cells)
      for (let k = 0; k < inputs; k++)
        for (let i = 0; i < kernel; i++) {
          const at = (to) => ((to * inputs + k) * kernel + i) * kernel
          addRow(weight, [at(map), at(next)], k * plane + i * wide, { wide, rows, columns, kernel, stride })
        }
      output.set(sums.subarray(0, cells), map * cells)
      output.set(nextSums.subarray(0, cells), next * cells)
    }
  },
  explain(layer, cell) {
    const [map] = place(layer, cell)
    const { weight, bias } = layer.weights
    const inputs = layer.before.shape[0]
    const cells = layer.window[0] ** 2
    const groups = Array.from({ length: inputs }, (_, k) => {
      const kernel = (map * inputs + k) * cells
      const terms = windowOf(layer, cell, k).flatMap((from, i) =>
        from === null ? [] : [term(layer.before, from, weight[kernel + i])],
      )
      return { terms, sum: sum(terms.map((one) => one.product)) }
    })
    const terms = groups.flatMap((group) => group.terms)
    return added(layer, cell, terms, { bias: bias[map], groups })
  },
  panel(ui, { groups, bias, sum: total, terms }, { before, window: [kernel] }) {
    const { el, line, number, figure, exact } = ui
    const scale = Math.max(...terms.map((one) => Math.abs(one.weight)))
    const strongest = terms.reduce((best, one) => (Math.abs(one.product) > Math.abs(best.product) ? one : best))
    const many = groups.length > 1
    const summand = (value, first) => (value < 0 ? (first ? "−" : " − ") : first ? "" : " + ")
    const plain = (value, text, title = figure(value, true)) => el("span", { className: "number", title }, text)
    return [
      el(
        "p",
        {},
        many ? "Each input map's patch × its kernel, all added up:" : "The patch × the kernel, cell by cell:",
      ),
      el(
        "div",
        { className: "line equation" },
        ...groups.flatMap((group, k) => [
          summand(group.sum, k === 0),
          plain(group.sum, figure(Math.abs(group.sum)), `map ${k}: ${figure(group.sum, true)}`),
        ]),
        summand(bias),
        plain(bias, `${figure(Math.abs(bias))} (bias)`),
        " = ",
        number(total, "total"),
      ),
      ...groups.map((group, k) => {
        const mark = group.terms.indexOf(strongest)
        const patch = group.terms.map((one) => ({ value: one.value, term: one, product: one.product }))
        const weights = group.terms.map((one) => ({ value: one.weight, product: one.product }))
        const look = { scale: before.scale, signed: before.signed }
        return el(
          "div",
          { className: "channel" },
          el("div", { className: "which" }, many ? `map ${k}` : before.name),
          ui.grid(patch, kernel, { ...look, label: `patch of ${before.name} map ${k}`, mark }),
          el("span", { className: "sign" }, "×"),
          ui.grid(weights, kernel, { scale, signed: true, label: `kernel for map ${k}`, mark }),
          el("span", { className: "sign" }, "="),
          number(group.sum, "term"),
        )
      }),
      line("bias ", number(bias, "bias")),
      el(
        "p",
        { className: "note" },
        "Framed: the product that weighs most.",
        exact ? "" : " The cells are rounded to two decimals: tick “exact figures” to add them up by hand.",
      ),
    ]
  },
}

const pool = {
  ...sliding(false),
  forward({ before, shape: [maps, rows, columns], window: [kernel, stride, padding] }, x, _weights, output) {
    const [, high, wide] = before.shape
    for (let map = 0, to = 0; map < maps; map++)
      for (let r = 0; r < rows; r++) {
        const top = Math.max(0, r * stride - padding)
        const bottom = Math.min(high, r * stride - padding + kernel)
        for (let c = 0; c < columns; c++) {
          const left = Math.max(0, c * stride - padding)
          const right = Math.min(wide, c * stride - padding + kernel)
          let most = -Infinity
          for (let i = top; i < bottom; i++)
            for (let j = left, from = (map * high + i) * wide + left; j < right; j++, from++)
              if (x[from] > most || Number.isNaN(x[from])) most = x[from] // NaN wins, as in PyTorch
          output[to++] = most
        }
      }
  },
  explain(layer, cell) {
    const window = windowOf(layer, cell, place(layer, cell)[0])
    const inside = window.filter((from) => from !== null)
    const { values } = layer.before
    const winner = inside.reduce((best, from) => (values[from] > values[best] ? from : best))
    const terms = inside.map((from) => term(layer.before, from, from === winner ? 1 : 0))
    return added(layer, cell, terms, { window, winner })
  },
  panel(ui, { terms, window, winner, value }, { before, window: [kernel] }) {
    const cells = window.map((from) => {
      const one = terms.find(({ cell }) => cell === from)
      return one ? { value: one.value, term: one } : null
    })
    const look = { scale: before.scale, signed: before.signed }
    const largest = ui.source({ stage: before.number, cell: winner })
    return [
      ui.line(`The largest of the ${terms.length} numbers in the window: `, largest, " with ", ui.number(value), "."),
      ui.grid(cells, kernel, { ...look, label: "window", mark: window.indexOf(winner) }),
      terms.length < window.length ? ui.el("p", { className: "note" }, "A dot is padding: it never wins.") : null,
    ]
  },
}

// --- Layers that only rearrange --------------------------------------------------------------------------------------

/** from: which cell of the layer before becomes a cell of the layer. */
function rearranging(from, words) {
  return {
    forward(layer, x, _weights, output) {
      for (let cell = 0; cell < output.length; cell++) output[cell] = x[from(layer, cell)]
    },
    explain: (layer, cell) => added(layer, cell, [term(layer.before, from(layer, cell), 1)]),
    panel: ({ line, source }, { terms: [one] }) => [line("The same number as ", source(one), `: ${words}`)],
  }
}

const flatten = {
  ...rearranging((_, cell) => cell, "the maps are only laid out in one row."),
  opens: true,
  looksAt({ before, count }, field) {
    const cells = field.plane.subarray(0, count)
    const first = cells.indexOf(1)
    if (first < 0) return nothing(before)
    return cells.lastIndexOf(1) === first ? only(before, first) : everything(before)
  },
  usedBy(layer, field) {
    const { plane } = nothing(layer)
    const [maps, rows, columns] = layer.before.shape
    for (let map = 0; map < maps; map++)
      if (field.map < 0 || field.map === map) plane.set(field.plane, map * rows * columns)
    return { map: -1, plane }
  },
}

const sequence = {
  // from [channels, rows, columns] to [steps, channels]
  ...rearranging(
    ({ shape: [, steps, channels] }, cell) => (cell % channels) * steps + Math.floor(cell / channels),
    "the positions of the maps are only read one after the other.",
  ),
  opens: true,
  column: "map",
  looksAt({ before, shape: [, , channels] }, field) {
    const { plane } = nothing(before)
    const seen = new Set()
    field.plane.forEach((byte, at) => {
      if (!byte) return
      seen.add(at % channels)
      plane[Math.floor(at / channels)] = 1
    })
    return { map: seen.size === 1 ? [...seen][0] : -1, plane }
  },
  usedBy(layer, field) {
    const { plane } = nothing(layer)
    const [, steps, channels] = layer.shape
    for (let step = 0; step < steps; step++)
      for (let channel = 0; channel < channels; channel++)
        if (field.plane[step] && (field.map < 0 || field.map === channel)) plane[step * channels + channel] = 1
    return { map: -1, plane }
  },
}

const last = {
  ...rearranging(({ before, count }, cell) => before.count - count + cell, "only the last step goes on."),
  looksAt({ before, count }, field) {
    const { plane } = nothing(before)
    plane.set(field.plane.subarray(0, count), plane.length - count)
    return { map: -1, plane }
  },
  usedBy(layer, field) {
    const { plane } = nothing(layer)
    plane.set(field.plane.subarray(field.plane.length - layer.count))
    return { map: -1, plane }
  },
}

// --- Layers in which every cell looks at everything ------------------------------------------------------------------

const dense = {
  dense: true,
  looksAt: ({ before }, field) => (any(field) ? everything(before) : nothing(before)),
  usedBy: (layer, field) => (any(field) ? everything(layer) : nothing(layer)),
}

/** The sum of `count` numbers of x, from `from` on, × a row of a matrix. Four sums at once wait less for each other. */
function dot(x, from, matrix, at, count) {
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let i = 0
  for (; i + 3 < count; i += 4) {
    a += x[from + i] * matrix[at + i]
    b += x[from + i + 1] * matrix[at + i + 1]
    c += x[from + i + 2] * matrix[at + i + 2]
    d += x[from + i + 3] * matrix[at + i + 3]
  }
  for (; i < count; i++) a += x[from + i] * matrix[at + i]
  return a + b + (c + d)
}

const linear = {
  ...dense,
  forward(_layer, x, { weight, bias }, output) {
    for (let unit = 0; unit < output.length; unit++)
      output[unit] = bias[unit] + dot(x, 0, weight, unit * x.length, x.length)
  },
  explain(layer, cell) {
    const { before } = layer
    const { weight, bias } = layer.weights
    const inputs = before.count
    const terms = Array.from({ length: inputs }, (_, i) => term(before, i, weight[cell * inputs + i]))
    return added(layer, cell, terms, { bias: bias[cell] })
  },
  panel: (ui, found) => [ui.listing(found)],
}

const softmax = {
  ...dense,
  forward(_layer, x, _weights, output) {
    const most = Math.max(...x)
    let total = 0
    for (const logit of x) total += Math.exp(logit - most)
    for (let i = 0; i < x.length; i++) output[i] = Math.exp(x[i] - most) / total
  },
  explain(layer, cell) {
    const { values, number } = layer.before
    const most = Math.max(...values)
    const terms = Array.from(values, (value, i) => ({
      stage: number,
      cell: i,
      value,
      weight: 1,
      product: Math.exp(value - most),
    }))
    const total = sum(terms.map((one) => one.product))
    const value = terms[cell].product / total
    return { terms, bias: 0, sum: total, nonlinearity: "softmax", value, torch: layer.values[cell], most }
  },
  panel({ el, line, source, figure, number, share }, { terms, sum: total, most, value }, { before }, cell) {
    const less = most < 0 ? `plus ${figure(-most)}` : `less ${figure(most)}`
    const row = (one, digit) =>
      el(
        "tr",
        { className: digit === cell ? "own" : "" },
        el("td", {}, `${digit}`),
        el("td", {}, source(one, `${before.name} ${digit}: ${figure(one.value)}`)),
        el("td", { className: "product" }, number(one.product, "term")),
        share(one.product / total),
      )
    const heads = ["digit", "score", "e to the power of it"].map((text) => el("th", {}, text))
    const foot = [
      el("td", {}, "sum"),
      el("td", {}),
      el("td", { className: "product" }, number(total, "total")),
      el("td", {}),
    ]
    return [
      el("p", {}, "Softmax turns ten scores into ten probabilities."),
      el("p", {}, `Take e to the power of each score ${less}, so that the largest gives 1. Then share out the sum.`),
      el(
        "table",
        { className: "listing" },
        el("thead", {}, el("tr", {}, ...heads, el("th", { "aria-label": "share" }))),
        el("tbody", {}, ...terms.map(row), el("tr", { className: "total" }, ...foot)),
      ),
      line(`${figure(terms[cell].product)} / ${figure(total)} = `, number(value)),
    ]
  },
}

// --- Layers that read step by step -----------------------------------------------------------------------------------

const GATES = ["input gate", "forget gate", "candidate", "output gate"] // PyTorch's order of an LSTM's rows

/** Steps, units and inputs a step of a recurrent layer: one step if it reads along the batch. */
function steps({ along, shape: [, rows], count, before }) {
  const length = along ? 1 : rows
  return { length, units: count / length, inputs: before.count / length }
}

/** The sum of a row of the weights at a step. */
function preActivation({ weight_ih_l0: wx, weight_hh_l0: wh, bias_ih_l0: bx, bias_hh_l0: bh }, x, output, at, of) {
  const { step, inputs, units } = of
  const state = step ? dot(output, (step - 1) * units, wh, at * units, units) : 0
  return bx[at] + bh[at] + dot(x, step * inputs, wx, at * inputs, inputs) + state
}

/** The sum of a unit at a step taken apart: a plain RNN's, or one gate of an LSTM. */
function gate(layer, number, step, unit, nonlinearity, name) {
  const { units, inputs } = steps(layer)
  const { weight_ih_l0: wx, weight_hh_l0: wh, bias_ih_l0: bx, bias_hh_l0: bh } = layer.weights
  const at = number * units + unit
  const terms = []
  for (let i = 0; i < inputs; i++) terms.push(term(layer.before, step * inputs + i, wx[at * inputs + i]))
  for (let i = 0; step && i < units; i++) terms.push(term(layer, (step - 1) * units + i, wh[at * units + i]))
  return { name, ...added(layer, step * units + unit, terms, { bias: bx[at] + bh[at], nonlinearity }) }
}

/** A step looks at itself and all steps before it. */
const recurrent = {
  dense: true,
  looksAt(layer, field) {
    if (layer.along) return dense.looksAt(layer, field)
    const { plane } = nothing(layer.before)
    const [, , units] = layer.shape
    plane.fill(1, 0, layer.before.shape[2] * (Math.floor(field.plane.lastIndexOf(1) / units) + 1))
    return { map: -1, plane }
  },
  usedBy(layer, field) {
    if (layer.along) return dense.usedBy(layer, field)
    const { plane } = nothing(layer)
    const first = field.plane.indexOf(1)
    if (first >= 0) plane.fill(1, Math.floor(first / layer.before.shape[2]) * layer.shape[2])
    return { map: -1, plane }
  },
}

/** What the panel says about the step. */
function stepWords({ el }, { step, length }, { along }) {
  if (along) {
    const alone = "Here the digit is alone, so the state before it is zero."
    return el("p", {}, `This layer reads the digits of a batch one after the other. ${alone}`)
  }
  const from = step ? "It adds what comes in to the state before." : "The state before the first step is zero."
  return el("p", {}, `Step ${step} of 0 to ${length - 1}. ${from}`)
}

const rnn = {
  ...recurrent,
  forward(layer, x, weights, output) {
    const { length, units, inputs } = steps(layer)
    for (let step = 0; step < length; step++)
      for (let unit = 0; unit < units; unit++)
        output[step * units + unit] = Math.tanh(preActivation(weights, x, output, unit, { step, inputs, units }))
  },
  explain(layer, cell) {
    const { length, units } = steps(layer)
    const step = Math.floor(cell / units)
    return { ...gate(layer, 0, step, cell % units, "tanh"), step, length }
  },
  panel: (ui, found, layer) => [
    stepWords(ui, found, layer),
    ui.listing(found, { biasName: "two biases" }),
    ui.line(`tanh(${ui.figure(found.sum)}) = `, ui.number(found.value)),
  ],
}

const lstm = {
  ...recurrent,
  forward(layer, x, weights, output) {
    const { length, units, inputs } = steps(layer)
    const { sigmoid: open, tanh: squeeze } = NONLINEARITIES
    const memory = new Float64Array(units)
    for (let step = 0; step < length; step++)
      for (let unit = 0; unit < units; unit++) {
        const [enter, forget, candidate, leave] = GATES.map((_, number) =>
          preActivation(weights, x, output, number * units + unit, { step, inputs, units }),
        )
        memory[unit] = open(forget) * memory[unit] + open(enter) * squeeze(candidate)
        output[step * units + unit] = open(leave) * squeeze(memory[unit])
      }
  },
  explain(layer, cell) {
    const { length, units } = steps(layer)
    const step = Math.floor(cell / units)
    const at = (time) =>
      GATES.map((name, number) =>
        gate(layer, number, time, cell % units, name === "candidate" ? "tanh" : "sigmoid", name),
      )
    let memory = 0 // PyTorch keeps it to itself, so it is followed from the first step
    for (let time = 0; time < step; time++) {
      const [enter, forget, candidate] = at(time)
      memory = forget.value * memory + enter.value * candidate.value
    }
    const groups = at(step)
    const [enter, forget, candidate, leave] = groups
    const total = forget.value * memory + enter.value * candidate.value
    const value = leave.value * Math.tanh(total)
    const torch = layer.values[cell]
    return { terms: [], groups, memory, bias: 0, sum: total, nonlinearity: "lstm", value, torch, step, length }
  },
  panel(ui, found, layer) {
    const { el, figure, number } = ui
    const [enter, forget, candidate, leave] = found.groups.map((one) => figure(one.value))
    const memory = `${forget} × ${figure(found.memory)} + ${enter} × ${candidate}`
    const state = `${leave} × tanh(${figure(found.sum)})`
    return [
      stepWords(ui, found, layer),
      el(
        "ol",
        { className: "steps" },
        el(
          "li",
          {},
          "memory = forget gate × memory before + input gate × candidate = ",
          memory,
          " = ",
          number(found.sum),
        ),
        el("li", {}, "state = output gate × tanh(memory) = ", state, " = ", number(found.value)),
      ),
      ...found.groups.map((one) =>
        el(
          "details",
          { open: ui.all },
          el("summary", {}, `${one.name} = ${one.nonlinearity}(${figure(one.sum)}) = `, number(one.value)),
          ui.listing(one, { biasName: "two biases" }),
        ),
      ),
    ]
  },
}

export const KINDS = {
  input,
  normalise,
  conv,
  pool,
  relu,
  tanh,
  sigmoid,
  flatten,
  sequence,
  linear,
  rnn,
  lstm,
  last,
  softmax,
}
