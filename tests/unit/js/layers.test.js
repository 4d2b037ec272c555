// The arithmetic of the layers, on small networks made by hand.

import assert from "node:assert/strict"
import { test } from "node:test"
import { answerOf, look, Network } from "../../../lenet/ui/network/engine.js"
import { explain, KINDS, looksAt, place, sum, usedBy } from "../../../lenet/ui/network/layers.js"

const layer = (name, kind, size, more = {}) => ({
  name,
  kind,
  size,
  shape: size.length === 3 ? size : [1, 1, size[0]],
  across: 1,
  window: [1, 1, 0],
  along: false,
  ...more,
})

/** A 6 × 6 picture, a convolution of two 3 × 3 kernels, ReLU, a pool, a linear layer and softmax. */
function small() {
  const weight = Float32Array.from({ length: 18 }, (_, i) => ((i * 7) % 5) - 2)
  const layers = [
    layer("input", "input", [1, 6, 6]),
    layer("conv1", "conv", [2, 4, 4], { window: [3, 1, 0] }),
    layer("relu1", "relu", [2, 4, 4]),
    layer("pool1", "pool", [2, 2, 2], { window: [2, 2, 0] }),
    layer("flatten", "flatten", [8]),
    layer("fc1", "linear", [3]),
    layer("softmax", "softmax", [3]),
  ]
  const tensors = {
    "conv1.weight": weight,
    "conv1.bias": Float32Array.of(0.5, -0.5),
    "fc1.weight": Float32Array.from({ length: 24 }, (_, i) => ((i * 5) % 7) / 7 - 0.4),
    "fc1.bias": Float32Array.of(0.1, 0.2, 0.3),
  }
  const net = new Network({ name: "small", mean: 0, std: 1, layers }, tensors)
  net.run(Float32Array.from({ length: 36 }, (_, i) => ((i * 11) % 13) / 13))
  return net
}

test("the terms of every cell add up to its value", () => {
  const net = small()
  net.stages.forEach((stage, number) => {
    for (let cell = 0; cell < stage.values.length; cell++) {
      const { value } = explain(net, number, cell)
      assert.ok(Math.abs(value - stage.values[cell]) < 1e-5, `${stage.name} ${cell}: ${value}`)
    }
  })
})

test("a cell is used by exactly the cells that look at it", () => {
  const net = small()
  for (let number = 0; number < net.stages.length - 1; number++)
    for (let cell = 0; cell < net.stages[number].values.length; cell++) {
      const using = usedBy(net, number, cell)[number + 1]
      const next = net.stages[number + 1]
      for (let other = 0; other < next.values.length; other++) {
        const seen = looksAt(net, number + 1, other)[number]
        const has = (field, at, { shape: [, rows, columns] }) =>
          (field.map < 0 || field.map === Math.floor(at / (rows * columns))) && field.plane[at % (rows * columns)] === 1
        assert.equal(has(using, other, next), has(seen, cell, net.stages[number]))
      }
    }
})

test("probabilities sum to one, and the largest is the answer", () => {
  const { probabilities } = small()
  assert.ok(Math.abs(sum(probabilities) - 1) < 1e-6)
  assert.equal(answerOf(probabilities), probabilities.indexOf(Math.max(...probabilities)))
  assert.equal(answerOf(new Float32Array(10).fill(0.1)), null)
  assert.equal(answerOf(new Float32Array(10).fill(Number.NaN)), null)
})

test("a pool takes the largest number that is there, never padding", () => {
  const before = { shape: [1, 2, 2], values: Float32Array.of(-4, -3, -2, -1), number: 0 }
  const stage = { shape: [1, 2, 2], window: [2, 2, 1], values: new Float32Array(4), number: 1 }
  KINDS.pool.forward(stage, before)
  assert.deepEqual([...stage.values], [-4, -3, -2, -1])
  assert.equal(KINDS.pool.explain(stage, before, 3).window.filter((at) => at === null).length, 3)
})

test("colours of a layer that can be negative are signed", () => {
  assert.deepEqual(look({ signed: false, values: Float32Array.of(1, -2) }), { signed: true, scale: 2 })
  assert.deepEqual(look({ signed: false, bounded: true, values: Float32Array.of(0.5) }), { signed: false, scale: 1 })
})

test("cells are numbered map by map, row by row", () => {
  assert.deepEqual(place({ shape: [2, 3, 4] }, 17), [1, 1, 1])
})
