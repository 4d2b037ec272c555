// The network as numbers, and the arithmetic of one cell. Nothing here touches the page.
// A stage has a flat list of cells; `shape` is [maps, rows, columns], and for layers that are no picture one map.

/** Unpack what component.py packed: four bytes of length, a description in JSON, then float32 numbers. */
function unpack(bytes) {
  const copy = bytes.slice() // aligned, whatever the message around it was
  const length = new DataView(copy.buffer).getUint32(0, true)
  const net = JSON.parse(new TextDecoder().decode(copy.subarray(4, 4 + length)))
  const floats = new Float32Array(copy.buffer, 4 + length)
  const part = ([start, size]) => floats.subarray(start, start + size)
  net.stages.forEach((stage, number) => {
    stage.number = number
    stage.values = part(stage.values)
    stage.weights = Object.fromEntries(Object.entries(stage.weights).map(([name, place]) => [name, part(place)]))
  })
  return net
}

const gate = {
  "": (x) => x,
  relu: (x) => Math.max(x, 0),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
}

/** Sum in double precision, the rounding errors collected apart (Neumaier). */
function sum(numbers) {
  let total = 0, lost = 0
  for (const number of numbers) {
    const next = total + number
    lost += Math.abs(total) >= Math.abs(number) ? total - next + number : number - next + total
    total = next
  }
  return total + lost
}

/** The map, row and column of a cell. */
function place({ shape: [, rows, columns] }, cell) {
  return [Math.floor(cell / (rows * columns)), Math.floor(cell / columns) % rows, cell % columns]
}

/** One number taken apart: terms (stage, cell, value, weight, product), bias, sum, nonlinearity, value; torch: PyTorch's.
 *  groups: of a convolution the terms by input map; of an LSTM the four gates. */
function explain(net, number, cell) {
  const stage = net.stages[number], before = net.stages[number - 1]
  const torch = stage.values[cell]
  const whole = (terms, { bias = 0, nonlinearity = "", ...more } = {}) => {
    const total = sum([...terms.map((term) => term.product), bias])
    return { terms, bias, sum: total, nonlinearity, value: gate[nonlinearity]?.(total), torch, ...more }
  }
  const term = (from, weight) => ({ stage: number - 1, cell: from, value: before.values[from], weight, product: before.values[from] * weight })
  const { weights } = stage

  switch (stage.kind) {
    case "input":
      return { terms: [], bias: torch, sum: torch, nonlinearity: "", value: torch, torch }
    case "normalise":
      return whole([term(cell, 1 / net.std)], { bias: -net.mean / net.std })
    case "conv": {
      const [map, row, column] = place(stage, cell)
      const [maps, rows, columns] = before.shape
      const groups = Array.from({ length: maps }, (_, k) => {
        const terms = []
        for (let i = 0; i < 5; i++)
          for (let j = 0; j < 5; j++)
            terms.push(term((k * rows + row + i) * columns + column + j, weights.weight[((map * maps + k) * 5 + i) * 5 + j]))
        return { terms, sum: sum(terms.map((one) => one.product)) }
      })
      return whole(groups.flatMap((group) => group.terms), { bias: weights.bias[map], groups })
    }
    case "pool": {
      const window = poolWindow(stage, before, cell)
      const winner = window.reduce((best, at) => at !== null && (best === null || before.values[at] > before.values[best]) ? at : best, null)
      return whole(window.filter((at) => at !== null).map((at) => term(at, at === winner ? 1 : 0)), { window, winner })
    }
    case "linear": {
      const inputs = before.values.length
      return whole(Array.from({ length: inputs }, (_, i) => term(i, weights.weight[cell * inputs + i])), { bias: weights.bias[cell] })
    }
    case "softmax": {
      const most = Math.max(...before.values)
      const terms = Array.from(before.values, (value, i) => ({ stage: number - 1, cell: i, value, weight: 1, product: Math.exp(value - most) }))
      const total = sum(terms.map((one) => one.product))
      return { terms, bias: 0, sum: total, nonlinearity: "softmax", value: terms[cell].product / total, torch, most }
    }
    case "flatten":
      return whole([term(cell, 1)])
    case "sequence": {
      const [, step, channel] = place(stage, cell)
      return whole([term(channel * stage.shape[1] + step, 1)])
    }
    case "last":
      return whole([term(before.values.length - stage.values.length + cell, 1)])
    case "rnn":
    case "lstm":
      return recurrent(net, stage, before, cell, torch)
    default: // the nonlinearities
      return whole([term(cell, 1)], { nonlinearity: stage.kind })
  }
}

/** The cells that a pooling cell looks at, row by row; null is padding. */
function poolWindow(stage, before, cell) {
  const [map, row, column] = place(stage, cell)
  const [, rows, columns] = before.shape
  const [kernel, stride, padding] = stage.window
  const found = []
  for (let i = 0; i < kernel; i++)
    for (let j = 0; j < kernel; j++) {
      const r = row * stride - padding + i, c = column * stride - padding + j
      found.push(r >= 0 && r < rows && c >= 0 && c < columns ? (map * rows + r) * columns + c : null)
    }
  return found
}

/** A unit of a recurrent layer. `hidden` units a step; a single step if the layer reads along the batch: this digit is
 *  read alone, so its state before is zero. An LSTM's memory is followed from the first step. */
function recurrent(net, stage, before, cell, torch) {
  const steps = stage.along ? 1 : stage.shape[1]
  const hidden = stage.values.length / steps, inputs = before.values.length / steps
  const unit = cell % hidden, step = Math.floor(cell / hidden)
  const { weight_ih_l0: wx, weight_hh_l0: wh, bias_ih_l0: bx, bias_hh_l0: bh } = stage.weights
  const one = (gateNumber, at, nonlinearity, name) => {
    const row = gateNumber * hidden + unit, terms = []
    for (let i = 0; i < inputs; i++) {
      const from = at * inputs + i, weight = wx[row * inputs + i]
      terms.push({ stage: stage.number - 1, cell: from, value: before.values[from], weight, product: before.values[from] * weight })
    }
    for (let i = 0; at && i < hidden; i++) {
      const from = (at - 1) * hidden + i, weight = wh[row * hidden + i]
      terms.push({ stage: stage.number, cell: from, value: stage.values[from], weight, product: stage.values[from] * weight })
    }
    const bias = bx[row] + bh[row], total = sum([...terms.map((t) => t.product), bias])
    return { name, terms, bias, sum: total, nonlinearity, value: gate[nonlinearity](total) }
  }
  if (stage.kind === "rnn") return { ...one(0, step, "tanh"), torch, step, steps }
  const at = (t) => [one(0, t, "sigmoid", "input gate"), one(1, t, "sigmoid", "forget gate"), one(2, t, "tanh", "candidate"), one(3, t, "sigmoid", "output gate")]
  let memory = 0
  for (let t = 0; t < step; t++) {
    const [enter, forget, candidate] = at(t)
    memory = forget.value * memory + enter.value * candidate.value
  }
  const groups = at(step), [enter, forget, candidate, leave] = groups
  const total = forget.value * memory + enter.value * candidate.value
  return { terms: [], groups, memory, bias: 0, sum: total, nonlinearity: "lstm", value: leave.value * Math.tanh(total), torch, step, steps }
}
