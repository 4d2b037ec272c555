// Where cells are, what they are called, and how numbers are written.

import assert from "node:assert/strict"
import test from "node:test"
import { figure, hundredths, nameOf, shortName } from "../../../lenet/ui/network/formatting.js"
import { blocks, cellAt, corner, mosaicOf, neighbour, outline } from "../../../lenet/ui/network/inspector-layout.js"
import { agreement } from "../../../lenet/ui/network/panel.js"
import { networks } from "./network.js"

const layersOf = (wanted) => networks().find(({ name }) => name === wanted).stages

test("a point in the middle of each cell leads back to it, and the gaps to none", () => {
  for (const { stages } of networks())
    for (const layer of stages) {
      const { wide, high } = mosaicOf(layer)
      const found = []
      for (let y = 0; y < high; y++) for (let x = 0; x < wide; x++) found.push(cellAt(layer, x + 0.5, y + 0.5))
      const cells = found.filter((cell) => cell !== null).sort((a, b) => a - b)
      assert.deepEqual(
        cells,
        Array.from({ length: layer.values.length }, (_, cell) => cell),
        layer.name,
      )
      assert.equal(cellAt(layer, -1, 0), null)
    }
})

test("arrows walk over the gap between maps and stop at the end", () => {
  const conv = layersOf("pictures")[2]
  assert.deepEqual(corner(conv, 1), [6, 0])
  assert.equal(neighbour(conv, 4, [1, 0]), 25)
  assert.equal(neighbour(conv, 25, [-1, 0]), 4)
  assert.equal(neighbour(conv, 0, [-1, 0]), null)
})

test("the outline of a square is four lines", () => {
  assert.deepEqual(outline([1, 1, 0, 1, 1, 0, 0, 0, 0], 3, 3), [
    [0, 0, 2, 0],
    [0, 2, 2, 2],
    [0, 0, 0, 2],
    [2, 0, 2, 2],
  ])
})

test("a row of layers begins at each convolution but the first, and after the last", () => {
  const names = (name) => blocks(layersOf(name)).map((row) => row.map((layer) => layer.kind).join(" "))
  assert.deepEqual(names("padded"), ["input conv tanh", "conv sigmoid"])
  assert.deepEqual(names("head"), ["input conv", "flatten linear softmax"])
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
