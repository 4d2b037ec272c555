// The views of the Experiments page: axes, paths, a drawn curve, shuffles.

import assert from "node:assert/strict"
import { test } from "node:test"
import { piled } from "../../../lenet/ui/network/experiments/claims.js"
import { stroke, whole } from "../../../lenet/ui/network/experiments/guess.js"
import { csv, nearest, path, powers, scale, ticks, tickText } from "../../../lenet/ui/network/experiments/plot.js"
import { shuffled } from "../../../lenet/ui/network/experiments/triples.js"

test("an axis has round numbers within its ends", () => {
  assert.deepEqual(ticks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1])
  assert.deepEqual(ticks(0, 20, 10), [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20])
  assert.deepEqual(powers(0.003, 20), [0.001, 0.01, 0.1, 1, 10, 100])
  assert.deepEqual(
    [tickText(0.2, true), tickText(0.001, true), tickText(-5), tickText(1e-5)],
    ["20 %", "0.1 %", "−5", "1e−5"],
  )
  assert.equal(scale([1, 100], [0, 10], true)(10), 5)
})

test("a missing value is a gap in the path", () => {
  const same = (value) => value
  assert.equal(path([0, 1, 2, 3, 4], [1, 2, null, 4, 5], same, same), "M0.0 1.0L1.0 2.0M3.0 4.0L4.0 5.0")
})

test("a stroke over some epochs becomes a whole curve", () => {
  const curve = []
  assert.equal(whole(curve), null)
  stroke(curve, { at: 2, value: 0.2 }, { at: 6, value: 0.6 })
  stroke(curve, { at: 12, value: 3 }, { at: 10, value: 0.8 }) // backwards, and out of the pad
  const drawn = whole(curve)
  assert.equal(drawn.length, 21)
  assert.equal(drawn[0], 0.2)
  assert.ok(Math.abs(drawn[4] - 0.4) < 1e-9 && Math.abs(drawn[8] - 0.7) < 1e-9)
  assert.equal(drawn[20], 1)
})

test("a shuffle gives three other seeds of those there are", () => {
  let at = 0
  const chance = () => [0, 0, 0, 0.9, 0.9, 0.9][at++ % 6]
  assert.deepEqual(shuffled([0, 1, 2, 3, 4], [0, 1, 2], chance), [2, 3, 4])
  assert.deepEqual(shuffled([4, 5, 6], [4, 5, 6]), [4, 5, 6])
})

test("dots of one place are piled up, none higher than the pile may be", () => {
  const dots = Array.from({ length: 40 }, (_, seed) => ({ seed, value: 1 }))
  const placed = piled([...dots, { seed: 40, value: 9 }], (value) => 100 * value)
  assert.equal(placed.length, 41)
  assert.equal(new Set(placed.slice(0, 40).map(({ up }) => up)).size, 40)
  assert.ok(Math.max(...placed.map(({ up }) => up)) <= 70)
})

test("the point under the pointer is the nearest one that stands out", () => {
  const points = [
    { x: 0, y: 0, stands: false },
    { x: 0, y: 3, stands: true },
  ]
  assert.equal(nearest(points, 0, 1), points[1])
  assert.equal(nearest(points, 100, 100), null)
})

test("names with commas stay one cell of a CSV file", () => {
  assert.equal(
    csv([
      ["window 3, stride 1", 4],
      ['"so"', ""],
    ]),
    '"window 3, stride 1",4\n"""so""",\n',
  )
})
