// What a network can be fooled into reading: digits, or the classes that it learnt.

import assert from "node:assert/strict"
import { test } from "node:test"
import { nameOf, targetsOf, wantedOf } from "../../../lenet/ui/network/stress/names.js"

const clothes = { classes: ["Ankle boot", "Bag", "Shirt"] }

test("a network of digits is fooled into reading another digit", () => {
  assert.deepEqual(targetsOf({}, 3)[0], ["", "any other digit"])
  assert.deepEqual(
    targetsOf({}, 3)
      .slice(1)
      .map(([, name]) => name),
    [..."012456789"],
  )
  assert.equal(wantedOf({}, 8), "an 8")
  assert.equal(wantedOf({}, 1), "a 1")
})

test("a network of clothes is fooled into reading other clothes", () => {
  assert.deepEqual(targetsOf(clothes, 1), [
    ["", "any other class"],
    ["0", "Ankle boot"],
    ["2", "Shirt"],
  ])
  assert.equal(wantedOf(clothes, 0), "an Ankle boot")
  assert.equal(wantedOf(clothes, null), "another class")
  assert.equal(nameOf(clothes, 7), "none of them")
})
