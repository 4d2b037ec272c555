// Each kind of layer is one object here, with everything that the browser knows of it: what it computes, the terms of a
// cell, which cells depend on which, and how its panel explains a number. lenet/layers.py has the same kinds in Python.
// Nothing here touches the page: what a panel is built of comes in as `ui`.
//
// A stage is { name, kind, number, shape: [maps, rows, columns], window: [kernel, stride, padding], along, values,
// weights }, its cells a flat list; a convolution with a table has the `inputs` of each map, an RBF layer its `pictures`.
// A field is { map, plane }: one byte for each cell of a map, the same in all maps (map -1), in one, or in a Set of them.
// A kind also says what it does to the error on its `back` way, and what a `column` of a sequence is called if it is no
// unit. What slides a window over maps has `slides`.

export const NONLINEARITIES = {
  "": (x) => x,
  relu: (x) => Math.max(x, 0),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  squash: (x) => 1.7159 * Math.tanh((2 / 3) * x),
}

const ACROSS = 7 // pixels in a row of an RBF layer's pictures

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

/** The map, row and column of a cell. */
export function place({ shape: [, rows, columns] }, cell) {
  return [Math.floor(cell / (rows * columns)), Math.floor(cell / columns) % rows, cell % columns]
}

/** One number taken apart by the rule of its layer's kind: { terms: [{ stage, cell, value, weight, product }], bias,
 *  sum, nonlinearity, value }; groups: of a convolution the terms by input map, of an LSTM the four gates. */
export function explain(net, number, cell) {
  const stage = net.stages[number]
  return KINDS[stage.kind].explain(stage, net.stages[number - 1], cell, net)
}

/** The fields that a cell looks at, by number of the stage, from the first to its own. */
export function looksAt(net, number, cell) {
  const fields = []
  fields[number] = only(net.stages[number], cell)
  for (let at = number; at > 0; at--) {
    const stage = net.stages[at]
    fields[at - 1] = KINDS[stage.kind].looksAt(stage, net.stages[at - 1], fields[at])
  }
  return fields
}

/** The fields that a cell is used by, by number of the stage, from the one behind it on. */
export function usedBy(net, number, cell) {
  const fields = []
  let field = only(net.stages[number], cell)
  for (let at = number + 1; at < net.stages.length; at++) {
    const stage = net.stages[at]
    field = KINDS[stage.kind].usedBy(stage, net.stages[at - 1], field)
    fields[at] = field
  }
  return fields
}

/** The field of a single cell. */
export function only({ shape: [, rows, columns] }, cell) {
  const plane = new Uint8Array(rows * columns)
  plane[cell % (rows * columns)] = 1
  return { map: Math.floor(cell / (rows * columns)), plane }
}

/** How many cells of the stage are in the field. */
export function count(field, stage) {
  let cells = 0
  for (const byte of field.plane) cells += byte
  return cells * Array.from({ length: stage.shape[0] }, (_, map) => onMap(field, map)).filter(Boolean).length
}

/** Whether the field has cells of that map. */
export const onMap = ({ map }, at) => map < 0 || map === at || map.has?.(at) === true

/** All cells of the stage (a flat layer's last row may be shorter than its rectangle). */
function everything({ shape: [maps, rows, columns], values }) {
  const plane = new Uint8Array(rows * columns)
  plane.fill(1, 0, maps === 1 ? values.length : undefined)
  return { map: -1, plane }
}

const nothing = ({ shape: [, rows, columns] }) => ({ map: -1, plane: new Uint8Array(rows * columns) })
const any = ({ plane }) => plane.includes(1)

const term = (before, cell, weight) => ({
  stage: before.number,
  cell,
  value: before.values[cell],
  weight,
  product: before.values[cell] * weight,
})

function whole(terms, { bias = 0, nonlinearity = "", ...more } = {}) {
  const total = sum([...terms.map(({ product }) => product), bias])
  return { terms, bias, sum: total, nonlinearity, value: NONLINEARITIES[nonlinearity](total), ...more }
}

/** `count` numbers of x, from `from` on, × a row of a matrix. Four sums at once wait less for each other. */
function dot(x, from, matrix, at, count) {
  let [a, b, c, d] = [0, 0, 0, 0]
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

/** A layer whose cell looks at the same cell of the layer before. */
const cellwise = {
  looksAt: (_stage, _before, field) => field,
  usedBy: (_stage, _before, field) => field,
}

/** A layer whose every cell looks at every cell of the layer before. */
const dense = {
  looksAt: (_stage, before, field) => (any(field) ? everything(before) : nothing(before)),
  usedBy: (stage, _before, field) => (any(field) ? everything(stage) : nothing(stage)),
}

const SLOPE = "times the slope of the curve, which is nearly 0 where it is flat"

const activation = (nonlinearity, panel, back = SLOPE) => ({
  ...cellwise,
  back,
  forward(stage, before) {
    const f = NONLINEARITIES[nonlinearity]
    for (let cell = 0; cell < stage.values.length; cell++) stage.values[cell] = f(before.values[cell])
  },
  explain: (_stage, before, cell) => whole([term(before, cell, 1)], { nonlinearity }),
  panel,
})

/** A layer that only rearranges numbers. from: the cell of the layer before that a cell is. */
const rearranging = (from, words, fields) => ({
  ...fields,
  forward(stage, before) {
    for (let cell = 0; cell < stage.values.length; cell++) stage.values[cell] = before.values[from(stage, before, cell)]
  },
  explain: (stage, before, cell) => whole([term(before, from(stage, before, cell), 1)]),
  panel: (ui, { terms: [one] }) => [ui.line("", "The same number as ", ui.source(one), `: ${words}.`)],
})

/** The maps that those of a field of the next (back) or the last layer are connected with, by a table if there is one. */
function across({ inputs }, field, back) {
  if (!inputs) return -1
  const maps = back
    ? inputs.flatMap((own, map) => (onMap(field, map) ? own : []))
    : [...inputs.keys()].filter((map) => inputs[map].some((own) => onMap(field, own)))
  return new Set(maps)
}

/** A layer that slides a window over maps. mixes: whether a cell looks at several maps or at its own. */
const sliding = (mixes) => ({
  slides: true,
  looksAt(stage, before, field) {
    const { window, shape } = stage
    const [kernel, stride, padding] = window
    const [, outRows, outColumns] = shape
    const [, rows, columns] = before.shape
    const plane = new Uint8Array(rows * columns)
    for (let r = 0; r < outRows; r++)
      for (let c = 0; c < outColumns; c++) {
        if (!field.plane[r * outColumns + c]) continue
        const [top, left] = [r * stride - padding, c * stride - padding]
        for (let i = Math.max(0, top); i < Math.min(rows, top + kernel); i++)
          for (let j = Math.max(0, left); j < Math.min(columns, left + kernel); j++) plane[i * columns + j] = 1
      }
    return { map: mixes ? across(stage, field, true) : field.map, plane }
  },
  usedBy(stage, before, field) {
    const { window, shape } = stage
    const [kernel, stride, padding] = window
    const [, rows, columns] = shape
    const [, inRows, inColumns] = before.shape
    const plane = new Uint8Array(rows * columns)
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        const [top, left] = [r * stride - padding, c * stride - padding]
        for (let i = Math.max(0, top); i < Math.min(inRows, top + kernel); i++)
          for (let j = Math.max(0, left); j < Math.min(inColumns, left + kernel); j++)
            if (field.plane[i * inColumns + j]) plane[r * columns + c] = 1
      }
    return { map: mixes ? across(stage, field, false) : field.map, plane }
  },
})

// What a convolution works in: the padded input, and the sums of two maps. In doubles, since converting each number
// once is faster than at each use.
let padded = new Float64Array(0)
let mapSums = new Float64Array(0)
let nextSums = new Float64Array(0)

/** Put the maps of a stage, with zeros around them, into `padded`. Returns the cells of a map and of a row there. */
function pad({ shape: [maps, rows, columns], values }, padding) {
  const wide = columns + 2 * padding
  const plane = (rows + 2 * padding) * wide
  if (padded.length < maps * plane) padded = new Float64Array(maps * plane)
  if (padding) padded.fill(0, 0, maps * plane)
  for (let map = 0, from = 0; map < maps; map++)
    for (let r = 0; r < rows; r++)
      for (let c = 0, to = map * plane + (r + padding) * wide + padding; c < columns; c++) padded[to++] = values[from++]
  return { plane, wide }
}

/** Add `padded`, from a place on, × a row of a kernel to `mapSums`, and × the same row for the next map to `nextSums`. */
function addRow(weight, [at, next], from, { wide, rows, columns, kernel, stride }) {
  if (kernel === 5 && stride === 1) return addFive(weight, [at, next], from, { wide, rows, columns })
  for (let j = 0; j < kernel; j++)
    for (let r = 0, to = 0; r < rows; r++)
      for (let c = 0, x = from + r * stride * wide + j; c < columns; c++, to++, x += stride) {
        mapSums[to] += weight[at + j] * padded[x]
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
      mapSums[to] += v0 * x0 + v1 * x1 + v2 * x2 + v3 * x3 + v4 * x4
      nextSums[to] += w0 * x0 + w1 * x1 + w2 * x2 + w3 * x3 + w4 * x4
      x0 = x1
      x1 = x2
      x2 = x3
      x3 = x4
    }
  }
}

/** The cells in the window of a pooling cell, row by row; null is padding. */
export function poolWindow({ shape, window: [kernel, stride, padding] }, before, cell) {
  const [map, row, column] = place({ shape }, cell)
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

const inWindow = (stage, before, cell) => poolWindow(stage, before, cell).filter((at) => at !== null)

/** The sum of the numbers in a window. */
function windowSum(x, map, columns, top, left, bottom, right) {
  let total = 0
  for (let r = top; r < bottom; r++) for (let c = left; c < right; c++) total += x[map + r * columns + c]
  return total
}

/** The numbers of a pooling window, those of the padding as dots. */
const windowGrid = (ui, { terms, window, winner }, { stage, before }) =>
  ui.grid(
    window.map((at) => (at === null ? null : { value: before.values[at], term: terms.find((one) => one.cell === at) })),
    stage.window[0],
    { scale: before.scale, signed: before.signed, label: "window", mark: window.indexOf(winner) },
  )

/** What a pool does with each window. */
const pool = (reduce) => ({
  ...sliding(false),
  forward(stage, before) {
    const { shape, window, values } = stage
    const [maps, rows, columns] = shape
    const [kernel, stride, padding] = window
    const [, inRows, inColumns] = before.shape
    let cell = 0
    for (let map = 0; map < maps; map++)
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++, cell++) {
          const top = Math.max(0, r * stride - padding)
          const left = Math.max(0, c * stride - padding)
          const bottom = Math.min(inRows, r * stride - padding + kernel)
          const right = Math.min(inColumns, c * stride - padding + kernel)
          values[cell] = reduce(
            before.values,
            map * inRows * inColumns,
            inColumns,
            top,
            left,
            bottom,
            right,
            stage,
            map,
          )
        }
  },
})

/** A pool that adds up its window. weighed: the weight of each number, and the bias, of a map. */
const addingPool = (weighed, panel, back) => ({
  back,
  ...pool((x, at, columns, top, left, bottom, right, stage, map) => {
    const { weight, bias } = weighed(stage, map)
    return weight * windowSum(x, at, columns, top, left, bottom, right) + bias
  }),
  explain(stage, before, cell) {
    const { weight, bias } = weighed(stage, place(stage, cell)[0])
    const terms = inWindow(stage, before, cell).map((at) => term(before, at, weight))
    return whole(terms, { bias, window: poolWindow(stage, before, cell) })
  },
  panel: (ui, found, options) => [
    windowGrid(ui, found, options),
    ui.line("", ...panel(ui, found, options), ui.number(found.value)),
  ],
})

/** One gate of a unit at a step: its terms, sum and value. */
function gate(stage, before, at, unit, number, nonlinearity, name) {
  const { weight_ih_l0: wx, weight_hh_l0: wh, bias_ih_l0: bx, bias_hh_l0: bh } = stage.weights
  const { steps, hidden, inputs } = sizes(stage, before)
  const row = number * hidden + unit
  const terms = []
  for (let i = 0; i < inputs; i++) terms.push(term(before, at * inputs + i, wx[row * inputs + i]))
  for (let i = 0; at && i < hidden; i++) terms.push(term(stage, (at - 1) * hidden + i, wh[row * hidden + i]))
  const bias = bx[row] + bh[row]
  const total = sum([...terms.map(({ product }) => product), bias])
  return { name, terms, bias, sum: total, nonlinearity, value: NONLINEARITIES[nonlinearity](total), step: at, steps }
}

/** Steps, units and inputs of a recurrent layer. Along the batch there is one step: a digit is read alone here. */
function sizes(stage, before) {
  const steps = stage.along ? 1 : stage.shape[1]
  return { steps, hidden: stage.values.length / steps, inputs: before.values.length / steps }
}

/** The sums of all gates' rows at a step, into `sums`. */
function gateSums(stage, before, at, sums) {
  const { weight_ih_l0: wx, weight_hh_l0: wh, bias_ih_l0: bx, bias_hh_l0: bh } = stage.weights
  const { hidden, inputs } = sizes(stage, before)
  for (let row = 0; row < sums.length; row++) {
    const state = at ? dot(stage.values, (at - 1) * hidden, wh, row * hidden, hidden) : 0
    sums[row] = bx[row] + bh[row] + dot(before.values, at * inputs, wx, row * inputs, inputs) + state
  }
}

const recurrent = {
  looksAt(stage, before, field) {
    if (stage.along) return dense.looksAt(stage, before, field)
    const { map, plane } = nothing(before)
    plane.fill(1, 0, before.shape[2] * (Math.floor(field.plane.lastIndexOf(1) / stage.shape[2]) + 1))
    return { map, plane }
  },
  usedBy(stage, before, field) {
    if (stage.along) return dense.usedBy(stage, before, field)
    const { map, plane } = nothing(stage)
    const first = field.plane.indexOf(1)
    if (first >= 0) plane.fill(1, Math.floor(first / before.shape[2]) * stage.shape[2])
    return { map, plane }
  },
}

function beginning(ui, { step, steps }, stage) {
  if (stage.along)
    return ui.p(
      "This layer reads the digits of a batch one after another. Here the digit is alone, so the state before it is zero.",
    )
  const words = step ? "It adds what comes in to the state before." : "The state before the first step is zero."
  return ui.p(`Step ${step} of 0 to ${steps - 1}. ${words}`)
}

export const KINDS = {
  input: {
    ...cellwise,
    forward() {},
    explain: (stage, _before, cell) => whole([], { bias: stage.values[cell] }),
    panel: (ui) => [ui.p("How bright this pixel of the digit is: 0 is black, 1 is white. Nothing comes before it.")],
  },

  normalise: {
    ...cellwise,
    forward(stage, before, { mean, std }) {
      for (let cell = 0; cell < stage.values.length; cell++) stage.values[cell] = (before.values[cell] - mean) / std
    },
    explain: (_stage, before, cell, { mean, std }) => whole([term(before, cell, 1 / std)], { bias: -mean / std }),
    panel: (ui, { terms: [one], value }, { net }) => [
      ui.line("", "(", ui.source(one, ui.figure(one.value)), ` − ${net.mean}) / ${net.std} = `, ui.number(value)),
    ],
  },

  pad: {
    ...sliding(false),
    forward({ values, window: [, , padding] }, before) {
      pad(before, padding)
      values.set(padded.subarray(0, values.length))
    },
    explain: (stage, before, cell) => whole(inWindow(stage, before, cell).map((at) => term(before, at, 1))),
    panel: (ui, { terms: [one] }) => [
      one
        ? ui.line("", "The same number as ", ui.source(one), ": the digit only gets a black frame.")
        : ui.p("The black frame around the digit: always 0."),
    ],
  },

  conv: {
    ...sliding(true),
    back: "the same kernels, backwards: each number gets the errors of all places that it was used for",
    forward({ shape: [maps, rows, columns], window: [kernel, stride, padding], weights, values }, before) {
      const { weight, bias } = weights
      const [inputs] = before.shape
      const { plane, wide } = pad(before, padding)
      const cells = rows * columns
      if (mapSums.length < cells) [mapSums, nextSums] = [new Float64Array(cells), new Float64Array(cells)]
      for (let map = 0; map < maps; map += 2) {
        const next = Math.min(map + 1, maps - 1) // of an odd number of maps the last one is done twice
        mapSums.fill(bias[map], 0, cells)
        nextSums.fill(bias[next], 0, cells)
        for (let k = 0; k < inputs; k++)
          for (let i = 0; i < kernel; i++) {
            const at = (to) => ((to * inputs + k) * kernel + i) * kernel
            addRow(weight, [at(map), at(next)], k * plane + i * wide, { wide, rows, columns, kernel, stride })
          }
        values.set(mapSums.subarray(0, cells), map * cells)
        values.set(nextSums.subarray(0, cells), next * cells)
      }
    },
    explain(stage, before, cell) {
      const [map, row, column] = place(stage, cell)
      const [maps, rows, columns] = before.shape
      const [kernel, stride, padding] = stage.window
      const { weight, bias } = stage.weights
      const inputs = stage.inputs?.[map] ?? Array.from({ length: maps }, (_, k) => k)
      const groups = inputs.map((k) => {
        const terms = []
        for (let i = 0; i < kernel; i++)
          for (let j = 0; j < kernel; j++) {
            const r = row * stride - padding + i
            const c = column * stride - padding + j
            if (r < 0 || c < 0 || r >= rows || c >= columns) continue
            terms.push(term(before, (k * rows + r) * columns + c, weight[((map * maps + k) * kernel + i) * kernel + j]))
          }
        return { map: k, terms, sum: sum(terms.map(({ product }) => product)) }
      })
      return whole(
        groups.flatMap(({ terms }) => terms),
        { bias: bias[map], groups },
      )
    },
    panel: (ui, found, { before, stage }) => [
      ui.p(
        found.groups.length > 1
          ? `The patch of each of ${stage.inputs ? `${found.groups.length} of the ${before.shape[0]}` : `the ${found.groups.length}`} input maps × its kernel, added up:`
          : "The patch × the kernel, cell by cell, added up:",
      ),
      ...ui.convolution(found),
    ],
  },

  pool: {
    back: "only the largest number of each window gets the error, the others get 0",
    ...pool((x, map, columns, top, left, bottom, right) => {
      let most = -Infinity
      for (let r = top; r < bottom; r++)
        for (let c = left; c < right; c++) {
          const value = x[map + r * columns + c]
          if (value > most || Number.isNaN(value)) most = value
        }
      return most
    }),
    explain(stage, before, cell) {
      const window = poolWindow(stage, before, cell)
      const cells = window.filter((at) => at !== null)
      const winner = cells.reduce((best, at) => (before.values[at] > before.values[best] ? at : best))
      return whole(
        cells.map((at) => term(before, at, at === winner ? 1 : 0)),
        { window, winner },
      )
    },
    panel(ui, found, options) {
      const { terms, window, winner, value } = found
      return [
        ui.line(
          "",
          `The largest of the ${terms.length} numbers in the window: `,
          ui.source({ stage: options.before.number, cell: winner }),
          " with ",
          ui.number(value),
          ".",
        ),
        windowGrid(ui, found, options),
        terms.length < window.length ? ui.note("A dot is padding: it never wins.") : null,
      ]
    },
  },

  average: addingPool(
    ({ window: [kernel] }) => ({ weight: 1 / kernel ** 2, bias: 0 }),
    (_ui, _found, { stage: { window } }) => [`The sum of the window ÷ ${window[0] ** 2} = `],
    "each window's error is shared out evenly",
  ),
  subsample: addingPool(
    ({ weights }, map) => ({ weight: weights.weight[map], bias: weights.bias[map] }),
    (ui, { terms, bias }) => {
      const total = sum(terms.map(({ value }) => value))
      return [
        `The sum of the window × the coefficient of this map + its bias: ${ui.figure(total)} × ${ui.figure(terms[0].weight)} ${bias < 0 ? "−" : "+"} ${ui.figure(Math.abs(bias))} = `,
      ]
    },
    "each window's error is shared out evenly, times the map's coefficient",
  ),

  relu: activation(
    "relu",
    (ui, { terms: [one], value }) => [
      ui.line("", "max(0, ", ui.source(one, ui.figure(one.value)), ") = ", ui.number(value)),
      ui.p(value > 0 ? "Positive: ReLU lets it through." : "Not positive: ReLU makes it zero."),
    ],
    "where ReLU said 0 the error ends, elsewhere it passes as it is",
  ),
  tanh: activation("tanh", (ui, { terms: [one], value }) => [
    ui.line("", "tanh(", ui.source(one, ui.figure(one.value)), ") = ", ui.number(value)),
  ]),
  sigmoid: activation("sigmoid", (ui, { terms: [one], value }) => [
    ui.line("", "1 / (1 + e", ui.sup("−x"), ") for x = ", ui.source(one, ui.figure(one.value)), ": ", ui.number(value)),
  ]),

  squash: activation("squash", (ui, { terms: [one], value }) => [
    ui.line("", "1.7159 × tanh(2/3 × ", ui.source(one, ui.figure(one.value)), ") = ", ui.number(value)),
  ]),

  dropout: {
    ...cellwise,
    back: "what was dropped in this step gets no error, the rest a little more",
    forward(stage, before) {
      stage.values.set(before.values)
    },
    explain: (_stage, before, cell) => whole([term(before, cell, 1)]),
    panel: (ui, { terms: [one] }, { stage: { rate } }) => [
      ui.line("", "The same number as ", ui.source(one), ": a network that reads drops nothing."),
      ui.note(
        `While it learned, each of these numbers was set to 0 with a probability of ${Math.round(100 * rate)} %, anew at every step, and those that stayed were divided by ${ui.figure(1 - rate)}. So no unit could rely on another one.`,
      ),
    ],
  },

  flatten: rearranging((_stage, _before, cell) => cell, "the maps are only laid out in one row", {
    looksAt(stage, before, field) {
      const cells = field.plane.subarray(0, stage.values.length)
      const first = cells.indexOf(1)
      if (first < 0) return nothing(before)
      return cells.lastIndexOf(1) === first ? only(before, first) : everything(before)
    },
    usedBy(stage, before, field) {
      const { map, plane } = nothing(stage)
      const [maps, rows, columns] = before.shape
      for (let at = 0; at < maps; at++) if (onMap(field, at)) plane.set(field.plane, at * rows * columns)
      return { map, plane }
    },
  }),

  sequence: rearranging(
    (stage, _before, cell) => (cell % stage.shape[2]) * stage.shape[1] + Math.floor(cell / stage.shape[2]),
    "the positions of the maps are only read one after another",
    {
      column: "map",
      looksAt(stage, before, field) {
        const { plane } = nothing(before)
        const channels = new Set()
        field.plane.forEach((byte, at) => {
          if (!byte) return
          channels.add(at % stage.shape[2])
          plane[Math.floor(at / stage.shape[2])] = 1
        })
        return { map: channels.size === 1 ? [...channels][0] : -1, plane }
      },
      usedBy(stage, _before, field) {
        const { map, plane } = nothing(stage)
        const [, steps, channels] = stage.shape
        for (let step = 0; step < steps; step++)
          for (let channel = 0; channel < channels; channel++)
            if (field.plane[step] && onMap(field, channel)) plane[step * channels + channel] = 1
        return { map, plane }
      },
    },
  ),

  last: rearranging(
    (stage, before, cell) => before.values.length - stage.values.length + cell,
    "only the last step goes on",
    {
      looksAt(stage, before, field) {
        const { map, plane } = nothing(before)
        plane.set(field.plane.subarray(0, stage.values.length), plane.length - stage.values.length)
        return { map, plane }
      },
      usedBy(stage, _before, field) {
        const { map, plane } = nothing(stage)
        plane.set(field.plane.subarray(field.plane.length - stage.values.length))
        return { map, plane }
      },
    },
  ),

  linear: {
    ...dense,
    back: "each number gets the errors of all that it led to, each times its weight",
    forward(stage, before) {
      const { weight, bias } = stage.weights
      const x = before.values
      for (let unit = 0; unit < stage.values.length; unit++)
        stage.values[unit] = bias[unit] + dot(x, 0, weight, unit * x.length, x.length)
    },
    explain(stage, before, cell) {
      const inputs = before.values.length
      const terms = Array.from({ length: inputs }, (_, i) => term(before, i, stage.weights.weight[cell * inputs + i]))
      return whole(terms, { bias: stage.weights.bias[cell] })
    },
    panel: (ui, found) => [ui.listing(found, "value × weight")],
  },

  rnn: {
    ...recurrent,
    back: "back along the sequence, step by step",
    forward(stage, before) {
      const { steps, hidden } = sizes(stage, before)
      const sums = new Float64Array(hidden)
      for (let at = 0; at < steps; at++) {
        gateSums(stage, before, at, sums)
        for (let unit = 0; unit < hidden; unit++) stage.values[at * hidden + unit] = Math.tanh(sums[unit])
      }
    },
    explain(stage, before, cell) {
      const { hidden } = sizes(stage, before)
      return gate(stage, before, Math.floor(cell / hidden), cell % hidden, 0, "tanh", stage.name)
    },
    panel: (ui, found, { stage }) => [
      beginning(ui, found, stage),
      ui.listing(found, "value × weight", "two biases"),
      ui.line("", `tanh(${ui.figure(found.sum)}) = `, ui.number(found.value)),
    ],
  },

  lstm: {
    ...recurrent,
    back: "back along the sequence, step by step, as far as the gates were open",
    forward(stage, before) {
      const { steps, hidden } = sizes(stage, before)
      const sums = new Float64Array(4 * hidden)
      const memory = new Float64Array(hidden)
      const { sigmoid } = NONLINEARITIES
      for (let at = 0; at < steps; at++) {
        gateSums(stage, before, at, sums)
        for (let unit = 0; unit < hidden; unit++) {
          const enter = sigmoid(sums[unit]) * Math.tanh(sums[2 * hidden + unit])
          memory[unit] = sigmoid(sums[hidden + unit]) * memory[unit] + enter
          stage.values[at * hidden + unit] = sigmoid(sums[3 * hidden + unit]) * Math.tanh(memory[unit])
        }
      }
    },
    explain(stage, before, cell) {
      const { steps, hidden } = sizes(stage, before)
      const step = Math.floor(cell / hidden)
      const names = ["input gate", "forget gate", "candidate", "output gate"]
      const at = (t) =>
        names.map((name, number) =>
          gate(stage, before, t, cell % hidden, number, name === "candidate" ? "tanh" : "sigmoid", name),
        )
      let memory = 0
      for (let t = 0; t < step; t++) {
        const [enter, forget, candidate] = at(t)
        memory = forget.value * memory + enter.value * candidate.value
      }
      const groups = at(step)
      const [enter, forget, candidate, leave] = groups
      const total = forget.value * memory + enter.value * candidate.value
      const value = leave.value * Math.tanh(total)
      return { terms: [], groups, memory, bias: 0, sum: total, nonlinearity: "lstm", value, step, steps }
    },
    panel(ui, found, { stage, all }) {
      const [enter, forget, candidate, leave] = found.groups
      const f = ui.figure
      return [
        beginning(ui, found, stage),
        ui.list(
          [
            `memory = forget gate × memory before + input gate × candidate = ${f(forget.value)} × ${f(found.memory)} + ${f(enter.value)} × ${f(candidate.value)} = `,
            ui.number(found.sum),
          ],
          [`state = output gate × tanh(memory) = ${f(leave.value)} × tanh(${f(found.sum)}) = `, ui.number(found.value)],
        ),
        ...found.groups.map((one) =>
          ui.details(
            all,
            [`${one.name} = ${one.nonlinearity}(${f(one.sum)}) = `, ui.number(one.value)],
            ui.listing(one, "value × weight", "two biases"),
          ),
        ),
      ]
    },
  },

  rbf: {
    ...dense,
    back: "twice the distance to each pattern, times its error",
    forward({ pictures, values }, before) {
      pictures.forEach((picture, digit) => {
        values[digit] = -picture.reduce((total, pixel, i) => total + (before.values[i] - pixel) ** 2, 0)
      })
    },
    explain({ pictures }, before, cell) {
      const terms = pictures[cell].map((pixel, i) => {
        const one = term(before, i, pixel)
        return { ...one, product: -((one.value - pixel) ** 2) }
      })
      return whole(terms)
    },
    panel: (ui, { terms, value }, { cell, before }) => [
      ui.p(
        `How far are the ${terms.length} numbers before from the picture of a ${cell}? The smallest distance wins, so the score is minus the squared distance.`,
      ),
      ui.row(
        "channel",
        ui.grid(
          terms.map((one) => ({ value: one.value, term: one, product: one.product })),
          ACROSS,
          { scale: before.scale, signed: true, label: `${before.name} as a picture` },
        ),
        ui.sign("−"),
        ui.grid(
          terms.map(({ weight }) => ({ value: weight })),
          ACROSS,
          { scale: 1, signed: true, label: `picture of a ${cell}` },
        ),
      ),
      ui.line("", "minus the sum of the squared differences = ", ui.number(value)),
    ],
  },

  softmax: {
    ...dense,
    forward(stage, before) {
      const most = Math.max(...before.values)
      let total = 0
      for (let i = 0; i < stage.values.length; i++) total += Math.exp(before.values[i] - most)
      for (let i = 0; i < stage.values.length; i++) stage.values[i] = Math.exp(before.values[i] - most) / total
    },
    explain(_stage, before, cell) {
      const most = Math.max(...before.values)
      const terms = Array.from(before.values, (value, i) => ({
        stage: before.number,
        cell: i,
        value,
        weight: 1,
        product: Math.exp(value - most),
      }))
      const total = sum(terms.map(({ product }) => product))
      return { terms, bias: 0, sum: total, nonlinearity: "softmax", value: terms[cell].product / total, most }
    },
    panel: (ui, found, { cell }) => [
      ui.p(
        `Softmax turns ten scores into ten probabilities: e to the power of each score minus the largest, ${ui.figure(found.most)}, and then its share of the sum.`,
      ),
      ui.shares(found, cell),
      ui.line("", `${ui.figure(found.terms[cell].product)} / ${ui.figure(found.sum)} = `, ui.number(found.value)),
    ],
  },
}
