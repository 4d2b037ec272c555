// Where cells are, what they are called, and how numbers are written.

import assert from "node:assert/strict"
import test from "node:test"
import { figure, hundredths, nameOf, shortName } from "../../../lenet/ui/network/formatting.js"
import { neighbour, strongestEdge } from "../../../lenet/ui/network/inside/places.js"
import { place } from "../../../lenet/ui/network/layers.js"
import { keysOf, layOut } from "../../../lenet/ui/network/layout.js"
import { agreement } from "../../../lenet/ui/network/panel.js"
import { networks } from "./network.js"

const layersOf = (wanted) => networks().find(({ name }) => name === wanted).stages

test("the first cell lies on the strongest edge, in the map that answers most to it", () => {
  const net = networks().find(({ name }) => name === "pictures")
  const image = new Float32Array(81)
  for (let r = 0; r < 9; r++) image.fill(1, 9 * r + 5, 9 * r + 9) // bright from column 5 on
  net.run(image)
  const { stage, cell } = strongestEdge(net)
  assert.equal(net.stages[stage].kind, "conv")
  const [map, , column] = place(net.stages[stage], cell)
  assert.ok(column === 2 || column === 3) // the kernel's middle is two further to the right
  const answers = [0, 1, 2].map((other) => Math.abs(net.stages[stage].values[25 * other + (cell % 25)]))
  assert.equal(map, answers.indexOf(Math.max(...answers)))
})

test("layers stand in the order of their network, whatever stands beside it", () => {
  const net = (...layers) => ({
    stages: layers.map((name, number) => {
      const size = name === "softmax" ? 10 : 12
      const kind = name.replace(/\d/, "")
      return { name, kind, number, computes: true, shape: [1, size, 1], values: new Float32Array(size) }
    }),
  })
  const mixed = net("input", "conv1", "relu1", "dropout1", "conv2", "tanh1", "pool2", "fc1", "relu2", "fc2", "softmax")
  const deep = net(..."input conv1 relu1 pool1 conv2 relu2 pool2 conv3 relu3 pool3 fc1 relu4 fc2 softmax".split(" "))
  const usual = net(..."input conv1 relu1 pool1 conv2 relu2 pool2 fc1 relu3 fc2 softmax".split(" "))
  assert.equal(new Set(keysOf(mixed.stages)).size, mixed.stages.length)
  for (const some of [[mixed], [usual, deep], [deep, mixed, usual]])
    for (const [at, { stages }] of some.entries()) {
      const blocks = layOut(some, 1400, 200).blocks.filter(({ network }) => network === at)
      const across = stages.map(({ number }) => blocks.find(({ stage }) => stage === number).x)
      assert.deepEqual(
        across,
        [...across].sort((a, b) => a - b),
      )
    }
})

test("arrows stop at the edge of a map", () => {
  const conv = layersOf("pictures")[2]
  assert.equal(neighbour(conv, 3, [1, 0]), 4)
  assert.equal(neighbour(conv, 4, [1, 0]), null)
  assert.equal(neighbour(conv, 4, [0, 1]), 9)
  assert.equal(neighbour(conv, 0, [0, -1]), null)
})

test("cells have names", () => {
  const [, , conv] = layersOf("pictures")
  assert.equal(nameOf(conv, 26), "conv2 · map 1 · row 0, column 1")
  assert.equal(shortName(conv, 26), "conv2 1:0,1")
  assert.equal(nameOf(layersOf("rnn")[2], 3), "sequence2 · step 1, map 1")
  assert.equal(nameOf(layersOf("rnn")[3], 4), "rnn3 · step 1, unit 1")
  assert.equal(nameOf(layersOf("head")[4], 7), "softmax4 · digit 7")
})

test("numbers have real minus signs, and none at zero", () => {
  assert.deepEqual(
    [-1.3704, -0.0004, -0.00051, -2.5e-7, 1234567, -123.45].map((x) => figure(x)),
    [...["−1.370", "−4.0e−4", "−0.001", "−2.5e−7", "1.2e+6", "−123.5"]],
  )
  assert.deepEqual([-0.004, -0.35, 0.125, -1e-9].map(hundredths), ["0.00", "−0.35", "0.12", "0.00"])
  assert.equal(figure(Math.fround(-1.1e-7), true), "−1.10000002e−7")
  assert.equal(figure(0.1, true), "0.1")
  assert.equal(figure(Number.NaN), "NaN")
})

test("how far two results agree is said honestly", () => {
  const said = (value, torch, products = [1]) =>
    agreement({ value, bias: 0, terms: products.map((product) => ({ product })) }, torch)
  assert.equal(said(0.5, 0.5), "Same result to seven digits ✓")
  assert.equal(said(1, 1 + 2e-8), "Same result to seven digits ✓")
  assert.equal(said(1, 1 + 9e-7), "Same result to six digits ✓")
  assert.equal(said(1, 1 + 5e-5), "Same result to four digits ✓")
  assert.match(said(1e-5, 1.1e-5, [9, -9]), /large terms cancel here ✓/)
  assert.match(said(1, 1.01), /too much/)
})
