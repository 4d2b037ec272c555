// The outline of a digit runs along every edge between ink and paper, and along no other.

import assert from "node:assert"
import { test } from "node:test"
import { outlineOf } from "../../../lenet/ui/network/inside/saliency.js"

test("a square of two by three pixels has an outline of ten edges", () => {
  const image = new Float32Array(784)
  for (const row of [10, 11]) for (const column of [0, 1, 2]) image[28 * row + column] = 0.9
  image[400] = 0.4 // too faint
  const edges = outlineOf(image).split("M").filter(Boolean)
  assert.equal(edges.length, 10)
  assert(edges.includes("0,10v1") && edges.includes("3,11v1") && edges.includes("2,12h1"))
})
