// Edits of weights: where they are kept, and the way back.

import assert from "node:assert/strict"
import test from "node:test"
import { biasAt, Edits, ownerOf, piecesOf, scaled, weightAt } from "../../../lenet/ui/network/edits.js"
import { explain } from "../../../lenet/ui/network/layers.js"
import { networks } from "./network.js"

const tensorsOf = ({ stages }) =>
  Object.fromEntries(
    stages.flatMap(({ name, weights }) => Object.entries(weights).map(([key, values]) => [`${name}.${key}`, values])),
  )
const editsOf = (net) => new Edits({ name: net.name, mean: net.mean, std: net.std, layers: net.stages }, tensorsOf(net))

test("each term's weight and each sum's bias are where they are said to be", () => {
  for (const net of networks()) {
    const tensors = tensorsOf(net)
    for (const { number, weights, values, kind } of net.stages)
      for (let cell = 0; Object.keys(weights).length && cell < values.length; cell += 7) {
        const found = explain(net, number, cell)
        const sums = kind === "lstm" ? found.groups : [{ ...found, name: "" }]
        for (const { terms, name, bias } of sums) {
          for (const term of terms) {
            const at = weightAt(net, number, cell, term, name)
            assert.equal(tensors[at.name][at.at], term.weight, `${net.name} ${at.name}`)
          }
          const at = biasAt(net, number, cell, name)
          const other = tensors[at.name.replace("_ih_", "_hh_")]
          assert.equal(tensors[at.name][at.at] + (other === tensors[at.name] ? 0 : other[at.at]), bias)
        }
      }
  }
})

test("a map or unit that is switched off puts out nothing, and what comes after it follows", () => {
  for (const net of networks()) {
    const edits = editsOf(net)
    edits.network.run(net.stages[0].values)
    const last = net.stages.findLast(({ weights }) => Object.keys(weights).length)
    const { stage, row } = ownerOf(edits.network, last.number, 1)
    edits.change("off", scaled(piecesOf(stage, row), 0))
    edits.network.run(net.stages[0].values)
    assert.equal(edits.network.stages[stage.number].values[1], 0, net.name)
    edits.undo()
    edits.network.run(net.stages[0].values)
    assert.deepEqual(edits.network.probabilities, net.probabilities)
  }
})

test("a distance belongs to no unit", () => {
  const net = networks().find(({ name }) => name === "history")
  assert.equal(net.stages.at(-1).kind, "rbf")
  assert.equal(ownerOf(net, net.stages.length - 1, 0), null)
})

test("one drag is one step of undo, and reset takes back all", () => {
  const net = networks().find(({ name }) => name === "head")
  const edits = editsOf(net)
  const name = "linear3.bias"
  const to = (value) => edits.change(`= ${value}`, [{ name, start: 2, values: [value] }], "drag")
  to(1)
  to(2)
  edits.end()
  to(3)
  assert.equal(edits.log.length, 2)
  edits.undo()
  assert.equal(edits.tensors[name][2], 2)
  assert.deepEqual(edits.differences, [{ name, at: [2], values: [2] }])
  edits.undo()
  assert.deepEqual(edits.differences, [])
  to(4)
  edits.reset()
  assert.deepEqual([edits.differences, edits.log], [[], []])
})
