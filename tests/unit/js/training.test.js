// Train's charts and grids: ticks are round, gradients keep their order on the bars, each weight has one cell.

import assert from "node:assert/strict"
import test from "node:test"
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
