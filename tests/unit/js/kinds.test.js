// Every kind of layer: what is explained is what is computed, and what a cell looks at is used by it.

import assert from "node:assert/strict"
import test from "node:test"
import { explain, KINDS, only, onMap, sum } from "../../../lenet/ui/network/layers.js"
import { networks } from "./network.js"

const holds = (field, cell) =>
  field.plane[cell % field.plane.length] === 1 && onMap(field, Math.floor(cell / field.plane.length))
const every = function* () {
  for (const network of networks())
    for (const layer of network.stages.slice(1)) yield [network, layer, network.stages[layer.number - 1]]
}

test("every kind is tested here, and nothing here has a page", () => {
  assert.equal(typeof document, "undefined")
  const tested = new Set(networks().flatMap(({ stages }) => stages.map(({ kind }) => kind)))
  assert.deepEqual([...tested].sort(), Object.keys(KINDS).sort())
})

test("the terms of every cell add up to its sum, and its value is what was computed", () => {
  for (const [network, layer] of every())
    for (let cell = 0; cell < layer.values.length; cell++) {
      const where = `${network.name} ${layer.name} ${cell}`
      const found = explain(network, layer.number, cell)
      assert.ok(Math.abs(found.value - layer.values[cell]) < 2e-6 * Math.max(1, Math.abs(found.value)), where)
      for (const part of found.groups ?? [found]) {
        if (!part.terms.length) continue
        const products = part.terms.map(({ product }) => product)
        const bias = part.bias ?? 0 // the maps of a convolution share one bias, which its whole sum has
        assert.ok(Math.abs(sum([...products, bias]) - part.sum) < 1e-12, where)
        if (["softmax", "rbf"].includes(layer.kind)) continue
        for (const { value, weight, product } of part.terms) assert.equal(product, value * weight, where)
      }
      if (layer.kind !== "conv") continue
      const maps = found.groups.map((group) => group.sum)
      assert.ok(Math.abs(sum([...maps, found.bias]) - found.sum) < 1e-12, where)
    }
})

test("every term was read from the cell that it names", () => {
  for (const [network, layer] of every())
    for (const { terms } of explain(network, layer.number, 0).groups ?? [explain(network, layer.number, 0)])
      for (const { stage, cell, value } of terms) assert.equal(network.stages[stage].values[cell], value)
})

test("a cell looks at another exactly if it is used by it", () => {
  for (const [network, layer, before] of every()) {
    if (layer.kind === "flatten") continue // its fields are rounded up to whole layers: see the next test
    const { looksAt, usedBy } = KINDS[layer.kind]
    const seen = Array.from({ length: layer.values.length }, (_, cell) => looksAt(layer, before, only(layer, cell)))
    const using = Array.from({ length: before.values.length }, (_, cell) => usedBy(layer, before, only(before, cell)))
    for (let to = 0; to < layer.values.length; to++)
      for (let from = 0; from < before.values.length; from++)
        assert.equal(holds(seen[to], from), holds(using[from], to), `${network.name} ${layer.name} ${from} → ${to}`)
  }
})

test("a flat cell looks at its own, and several at all", () => {
  const [, before, layer] = networks().find(({ name }) => name === "head").stages
  const { looksAt, usedBy } = KINDS.flatten
  for (let cell = 0; cell < layer.values.length; cell++) {
    assert.deepEqual(looksAt(layer, before, only(layer, cell)), only(before, cell))
    assert.ok(holds(usedBy(layer, before, only(before, cell)), cell))
  }
})

test("to change a number changes nothing but what uses it", () => {
  for (const [network, layer, before] of every()) {
    const input = before.values.slice()
    const compute = () => {
      const changed = { ...layer, values: new Float32Array(layer.values.length) }
      KINDS[layer.kind].forward(changed, { ...before, values: input }, network)
      return changed.values
    }
    const usual = compute()
    const moves = Array.from({ length: layer.values.length }, () => false)
    for (let from = 0; from < before.values.length; from++) {
      const value = input[from]
      const field = KINDS[layer.kind].usedBy(layer, before, only(before, from))
      input[from] = value + 100
      compute().forEach((number, to) => {
        if (number === usual[to]) return
        moves[to] = true
        assert.ok(holds(field, to), `${network.name} ${layer.name} ${from} → ${to}`)
      })
      input[from] = value
    }
    if (layer.kind === "pad") continue // its frame depends on nothing
    assert.ok(moves.every(Boolean), `${network.name} ${layer.name}: some cell depends on nothing`)
  }
})

test("a pool passes NaN on, as PyTorch's does", () => {
  const [, before, layer] = networks().find(({ name }) => name === "gaps").stages
  for (const at of [0, 1]) {
    const values = before.values.slice()
    values[at] = Number.NaN
    KINDS.pool.forward(layer, { ...before, values })
    const output = layer.values
    assert.ok(Number.isNaN(output[0]) && !Number.isNaN(output[1]))
  }
})

test("a sum keeps what rounding would lose", () => {
  assert.equal(sum([1e16, 1, -1e16]), 1)
  assert.equal(sum([]), 0)
})
