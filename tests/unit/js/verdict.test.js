// What is said about an answer.

import assert from "node:assert/strict"
import { test } from "node:test"
import { usualOf, verdictOf } from "../../../lenet/ui/network/verdict.js"

test("a verdict says how sure the network is, and whether it is right", () => {
  assert.equal(verdictOf(4, 0.9999, 1, null), "sure (> 99 %)")
  assert.equal(verdictOf(4, 0.69, 1, 4), "right, fairly sure (69 %)")
  assert.equal(verdictOf(4, 0.23, 1, 9), "wrong, it is a 9: guessing (23 %)")
  assert.equal(verdictOf(1, 0.11, 0.23, null, true), "disagrees: says 1, guessing (11 %)")
  assert.equal(verdictOf(4, 0.989, 1, null, false, true), "99 %, but like no digit it knows")
})

test("who cannot be surer is as sure as it can be", () => {
  assert.equal(verdictOf(4, 0.45, 0.4509, null), "45 %: as sure as this network can be")
})

test("ten equal scores are no answer, and NaN is none either", () => {
  assert.match(verdictOf(null, 0.1, 1, 4), /all ten scores are equal/)
  assert.match(verdictOf(null, Number.NaN, 1, null), /NaN/)
})

test("what most of them read, or the first", () => {
  assert.equal(usualOf([3, 3, 5]), 3)
  assert.equal(usualOf([5, 3, 3]), 3)
  assert.equal(usualOf([3, 5]), 3)
  assert.equal(usualOf([]), undefined)
})
