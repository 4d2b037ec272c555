// Train's charts and grids: ticks are round, gradients keep their order on the bars, each weight has one cell.

import assert from "node:assert/strict"
import test from "node:test"
import { sentence, stagesOf, wayBack } from "../../../lenet/ui/network/train/backward.js"
import { powers, ticks } from "../../../lenet/ui/network/train/training.js"
import { grid } from "../../../lenet/ui/network/train/update.js"

test("ticks are round and within the range", () => {
  assert.deepEqual(ticks(0, 1), [0, 0.5, 1])
  assert.deepEqual(ticks(0, 938), [0, 500])
  assert.deepEqual(ticks(0, 2.4), [0, 1, 2])
})

test("a bar is the longer the larger the gradient, and none where there is no number", () => {
  const { share, said } = powers([3e-5, 0.04, null])
  assert.ok(0 < share(3e-5) && share(3e-5) < share(2e-4) && share(2e-4) < share(0.04) && share(0.04) < 1)
  assert.equal(share(0), 0)
  assert.equal(share(null), 0)
  assert.deepEqual([said(3e-5), said(0), said(null), said(0.04)], ["3 × 10⁻⁵", "0", "NaN", "0.040"])
})

for (const shape of [[16, 6, 5, 5], [84, 120], [10]])
  test(`each weight of ${shape.join(" × ")} has a cell of its own, which leads back to it`, () => {
    const { rows, columns, place, at } = grid(shape)
    const count = shape.reduce((product, size) => product * size)
    const seen = new Set()
    for (let weight = 0; weight < count; weight++) {
      const [row, column] = place(weight)
      assert.ok(row < rows && column < columns)
      assert.equal(at(row, column), weight)
      seen.add(row * columns + column)
    }
    assert.equal(seen.size, count)
  })

const base64 = (array) => Buffer.from(array.buffer).toString("base64")
const told = {
  classes: ["cat", "dog", "owl"],
  smoothing: 0,
  gradients: { fc1: "0.05" },
  layers: ["input", "fc1", "relu1", "flatten", "fc2", "softmax"].map((name) => ({
    name,
    kind: { fc: "linear", re: "relu", fl: "flatten", so: "softmax", in: "input" }[name.slice(0, 2)],
    computes: name !== "flatten",
    shape: [1, 10, 1],
  })),
}
const p = [0.7, 0.2, 0.1, 0, 0, 0, 0, 0, 0, 0]
const picture = {
  label: 1,
  values: { fc2: { cells: base64(Uint8Array.of(255, 128, 1)), scale: 2 } },
  errors: Object.fromEntries(
    ["fc1", "relu1", "flatten", "fc2"].map((name) => [
      name,
      base64(Float32Array.from(p, (share, k) => share - (k === 1))),
    ]),
  ),
}

test("the error goes back from the logits to the first layer with weights, and p − y begins it", () => {
  const stages = stagesOf(told, picture)
  const way = wayBack(stages)
  assert.deepEqual(
    way.map(({ name }) => name),
    ["fc2", "relu1", "fc1"],
  )
  assert.deepEqual([...stages[4].values], [2, 0, -2])
  stages[5].values.forEach((share, k) => {
    assert.ok(Math.abs(share - p[k]) < 1e-6)
  })
  const says = (moment) => sentence(told, { stages, way, moment })
  assert.match(says(0), /a dog, read as cat with 70.0 %/)
  assert.match(says(1), /dog: 20.0 % − 100.0 % = −0.800; cat: 70.0 % − 0.0 % = 0.700/)
  assert.match(says(2), /Through fc2: each number gets/)
  assert.match(says(3), /Through relu1: .*Gradients of fc1's weights: .*All together 0.05. The picture can't/)
})
