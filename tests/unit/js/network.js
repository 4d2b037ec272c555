// One small network of each kind of layer, made without Python, and random numbers that are the same every time.

import { Network } from "../../../lenet/ui/network/engine.js"

/** Numbers between -1 and 1 from a seed. */
function chance(seed = 1) {
  let state = seed
  return () => {
    state = (state * 48271) % 2147483647
    return (2 * state) / 2147483647 - 1
  }
}

const row = (kind, shape, size, more = {}) => ({
  ...{ kind, shape, size, across: 3, window: [1, 1, 0], along: false, parameters: {} },
  ...{ signed: true, bounded: false },
  ...more,
})
const picture = (kind, maps, side, more) => row(kind, [maps, side, side], [maps, side, side], more)
const flat = (kind, count, more) => row(kind, [1, Math.ceil(count / 4), 4], [count], more)
const steps = (kind, length, units, more) => row(kind, [1, length, units], [length, units], more)

const INPUT = picture("input", 1, 9)
const NORMALISE = picture("normalise", 1, 9)
const CONV = (maps, side, [kernel, stride, padding], inputs = 1) =>
  picture("conv", maps, side, {
    window: [kernel, stride, padding],
    parameters: { weight: maps * inputs * kernel ** 2, bias: maps },
  })
const recurrent = (gates, units, inputs) => ({
  weight_ih_l0: gates * units * inputs,
  weight_hh_l0: gates * units * units,
  bias_ih_l0: gates * units,
  bias_hh_l0: gates * units,
})

/** Rows of layers; parameters: how many. */
const ROWS = {
  pictures: [
    INPUT,
    NORMALISE,
    CONV(3, 5, [5, 1, 0]),
    picture("relu", 3, 5),
    picture("pool", 3, 3, { window: [2, 2, 1] }),
  ],
  padded: [INPUT, CONV(4, 6, [3, 2, 2]), picture("tanh", 4, 6), CONV(3, 6, [5, 1, 2], 4), picture("sigmoid", 3, 6)],
  gaps: [
    INPUT,
    CONV(2, 5, [5, 1, 0]),
    picture("pool", 2, 2, { window: [2, 3, 0] }),
    picture("dropout", 2, 2, { rate: 0.25 }),
  ],
  head: [
    ...[INPUT, CONV(2, 5, [5, 1, 0]), flat("flatten", 50)],
    ...[flat("linear", 10, { parameters: { weight: 500, bias: 10 } }), flat("softmax", 10)],
  ],
  rnn: [
    ...[INPUT, CONV(2, 2, [5, 3, 0]), steps("sequence", 4, 2)],
    ...[steps("rnn", 4, 3, { parameters: recurrent(1, 3, 2) }), flat("last", 3)],
  ],
  lstm: [
    ...[INPUT, CONV(2, 2, [5, 3, 0]), steps("sequence", 4, 2)],
    ...[steps("lstm", 4, 3, { parameters: recurrent(4, 3, 2) }), flat("last", 3)],
  ],
  history: [
    ...[INPUT, picture("pad", 1, 13, { window: [1, 1, 2] }), CONV(3, 9, [5, 1, 0]), picture("squash", 3, 9)],
    picture("subsample", 3, 4, { window: [2, 2, 0], parameters: { weight: 3, bias: 3 } }),
    { ...CONV(2, 3, [2, 1, 0], 3), inputs: [[0, 2], [1]] },
    ...[picture("average", 2, 2, { window: [2, 2, 1] }), flat("flatten", 8)],
    flat("rbf", 3, { pictures: [1, 2, 3].map((every) => Array.from({ length: 8 }, (_, i) => (i % every ? 1 : -1))) }),
  ],
  alone: [
    ...[INPUT, CONV(2, 5, [5, 1, 0]), flat("flatten", 50)],
    ...[flat("lstm", 6, { along: true, parameters: recurrent(4, 6, 50) })],
    ...[flat("rnn", 5, { along: true, parameters: recurrent(1, 5, 6) })],
  ],
}

/** Networks by name, each after a pass over a random picture. */
export function networks() {
  return Object.entries(ROWS).map(([name, rows]) => {
    const next = chance()
    const fill = (count) => Float32Array.from({ length: count }, next)
    const layers = rows.map((layer, number) => ({ ...layer, name: `${layer.kind}${number}` }))
    const tensors = Object.fromEntries(
      layers.flatMap(({ name, parameters }) =>
        Object.entries(parameters).map(([key, n]) => [`${name}.${key}`, fill(n)]),
      ),
    )
    for (const { name, inputs, window } of layers.filter((layer) => layer.inputs)) {
      const size = window[0] ** 2 // of a kernel; those of a table's gaps are zero
      const sources = tensors[`${name}.weight`].length / size / inputs.length
      inputs.forEach((own, map) => {
        for (let k = 0; k < sources; k++)
          if (!own.includes(k))
            tensors[`${name}.weight`].fill(0, (map * sources + k) * size, (map * sources + k + 1) * size)
      })
    }
    const network = new Network({ name, mean: 0.25, std: 0.5, layers }, tensors)
    network.run(Float32Array.from({ length: 81 }, () => Math.abs(next())))
    return network
  })
}
