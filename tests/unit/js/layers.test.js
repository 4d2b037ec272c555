// Every kind of layer: what is explained is what is computed, and what a cell looks at is used by it.

import assert from "node:assert/strict"
import test from "node:test"
import { explain } from "../../../lenet/ui/network/explain.js"
import { only } from "../../../lenet/ui/network/fields.js"
import { KINDS, sum } from "../../../lenet/ui/network/layers.js"
import { networks } from "./network.js"

const holds = ({ map, plane }, cell) =>
  plane[cell % plane.length] === 1 && (map < 0 || map === Math.floor(cell / plane.length))
const every = function* () {
  for (const network of networks()) for (const layer of network.layers.slice(1)) yield [network, layer]
}

test("every kind is tested here, and nothing here has a page", () => {
  assert.equal(typeof document, "undefined")
  const tested = new Set(networks().flatMap(({ layers }) => layers.map(({ kind }) => kind)))
  assert.deepEqual([...tested].sort(), Object.keys(KINDS).sort())
})

test("the terms of every cell add up to its sum, and its value is what was computed", () => {
  for (const [network, layer] of every())
    for (let cell = 0; cell < layer.count; cell++) {
      const where = `${network.network} ${layer.name} ${cell}`
      const found = explain(network.layers, layer.number, cell)
      assert.ok(Math.abs(found.value - layer.values[cell]) < 2e-6, where)
      for (const part of found.groups ?? [found]) {
        if (!part.terms.length) continue
        const products = part.terms.map(({ product }) => product)
        const bias = part.bias ?? 0 // the maps of a convolution share one bias, which its whole sum has
        assert.ok(Math.abs(sum([...products, bias]) - part.sum) < 1e-12, where)
        if (layer.kind === "softmax") continue
        for (const { value, weight, product } of part.terms) assert.equal(product, value * weight, where)
      }
      if (layer.kind !== "conv") continue
      const maps = found.groups.map((group) => group.sum)
      assert.ok(Math.abs(sum([...maps, found.bias]) - found.sum) < 1e-12, where)
    }
})

test("every term was read from the cell that it names", () => {
  for (const [network, layer] of every())
    for (const { terms } of explain(network.layers, layer.number, 0).groups ?? [
      explain(network.layers, layer.number, 0),
    ])
      for (const { stage, cell, value } of terms) assert.equal(network.layers[stage].values[cell], value)
})

test("a cell looks at another exactly if it is used by it", () => {
  for (const [network, layer] of every()) {
    if (layer.kind === "flatten") continue // its fields are rounded up to whole layers: see the next test
    const { before } = layer
    const { looksAt, usedBy } = KINDS[layer.kind]
    const seen = Array.from({ length: layer.count }, (_, cell) => looksAt(layer, only(layer, cell)))
    const using = Array.from({ length: before.count }, (_, cell) => usedBy(layer, only(before, cell)))
    for (let to = 0; to < layer.count; to++)
      for (let from = 0; from < before.count; from++)
        assert.equal(holds(seen[to], from), holds(using[from], to), `${network.network} ${layer.name} ${from} → ${to}`)
  }
})

test("a flat cell looks at its own, and several at all", () => {
  const layer = networks().find(({ network }) => network === "head").layers[2]
  const { looksAt, usedBy } = KINDS.flatten
  for (let cell = 0; cell < layer.count; cell++) {
    assert.deepEqual(looksAt(layer, only(layer, cell)), only(layer.before, cell))
    assert.ok(holds(usedBy(layer, only(layer.before, cell)), cell))
  }
})

test("to change a number changes nothing but what uses it", () => {
  for (const [network, layer] of every()) {
    const { before } = layer
    const input = before.values.slice()
    const compute = () => {
      const output = new Float32Array(layer.count)
      KINDS[layer.kind].forward(layer, input, layer.weights, output)
      return output
    }
    const usual = compute()
    const moves = Array.from({ length: layer.count }, () => false)
    for (let from = 0; from < before.count; from++) {
      const value = input[from]
      const field = KINDS[layer.kind].usedBy(layer, only(before, from))
      input[from] = value + 100
      compute().forEach((number, to) => {
        if (number === usual[to]) return
        moves[to] = true
        assert.ok(holds(field, to), `${network.network} ${layer.name} ${from} → ${to}`)
      })
      input[from] = value
    }
    assert.ok(moves.every(Boolean), `${network.network} ${layer.name}: some cell depends on nothing`)
  }
})

test("a pool passes NaN on, as PyTorch's does", () => {
  const layer = networks().find(({ network }) => network === "gaps").layers[2]
  for (const at of [0, 1]) {
    const input = layer.before.values.slice()
    input[at] = Number.NaN
    const output = new Float32Array(layer.count)
    KINDS.pool.forward(layer, input, {}, output)
    assert.ok(Number.isNaN(output[0]) && !Number.isNaN(output[1]))
  }
})

test("a sum keeps what rounding would lose", () => {
  assert.equal(sum([1e16, 1, -1e16]), 1)
  assert.equal(sum([]), 0)
})
