// Where cells are, what they are called, and how numbers are written.

import assert from "node:assert/strict"
import test from "node:test"
import { agreement } from "../../../lenet/ui/network/explain.js"
import { figure, hundredths } from "../../../lenet/ui/network/formatting.js"
import {
  blocks,
  cellAt,
  corner,
  mosaicOf,
  nameOf,
  neighbour,
  outline,
  shortName,
} from "../../../lenet/ui/network/layout.js"
import { level, look } from "../../../lenet/ui/network/palette.js"
import { networks } from "./network.js"

const layersOf = (name) => networks().find(({ network }) => network === name).layers

test("a point in the middle of each cell leads back to it, and the gaps to none", () => {
  for (const { layers } of networks())
    for (const layer of layers) {
      const { wide, high } = mosaicOf(layer)
      const found = []
      for (let y = 0; y < high; y++) for (let x = 0; x < wide; x++) found.push(cellAt(layer, x + 0.5, y + 0.5))
      const cells = found.filter((cell) => cell !== null).sort((a, b) => a - b)
      assert.deepEqual(
        cells,
        Array.from({ length: layer.count }, (_, cell) => cell),
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
  const names = (name) => blocks(layersOf(name)).map((row) => row.map((layer) => layer.name).join(" "))
  assert.deepEqual(names("padded"), ["input conv tanh", "conv sigmoid"])
  assert.deepEqual(names("head"), ["input conv", "flatten linear softmax"])
})

test("cells have names", () => {
  const [, , conv] = layersOf("pictures")
  assert.equal(nameOf(conv, 26), "conv · map 1 · row 0, column 1")
  assert.equal(shortName(conv, 26), "conv 1:0,1")
  assert.equal(nameOf(layersOf("rnn")[2], 3), "sequence · step 1, map 1")
  assert.equal(nameOf(layersOf("rnn")[3], 4), "rnn · step 1, unit 1")
  assert.equal(nameOf(layersOf("head")[4], 7), "softmax · digit 7")
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

test("colours: signed if a number is, scaled by the largest that is a number", () => {
  const found = look({ signed: false, bounded: false, values: Float32Array.of(1, -2, Infinity, Number.NaN) })
  assert.deepEqual(found, { signed: true, scale: 2 })
  assert.deepEqual(look({ signed: false, bounded: true, values: [0, 0.5] }), { signed: false, scale: 1 })
  assert.deepEqual([level(Number.NaN, 1, false), level(Infinity, 1, false), level(1, 0, true)], [0, 255, 128])
})

test("how far two results agree is said honestly", () => {
  const said = (value, torch, products = [1]) =>
    agreement({ value, torch, bias: 0, terms: products.map((product) => ({ product })) })
  assert.equal(said(0.5, 0.5), "Exactly the same result ✓")
  assert.equal(said(1, 1 + 2e-8), "Same result to seven digits ✓")
  assert.equal(said(1, 1 + 5e-5), "Same result to four digits ✓")
  assert.match(said(1e-5, 1.1e-5, [9, -9]), /^Same result but for 1e−6 ✓: large terms cancel/)
  assert.match(said(1, 1.01), /too much/)
})
