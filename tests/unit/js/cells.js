// In a folder: the message `net` with a trace, and in `cells` one cell for each layer. Prints what explain.js says of
// each: the arithmetic, the number of terms, and how many cells of each layer it looks at and is used by.

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Network, unpack } from "../../../lenet/ui/network/engine.js"
import { agreement, explain, looksAt, usedBy } from "../../../lenet/ui/network/explain.js"
import { size } from "../../../lenet/ui/network/fields.js"

const folder = process.argv[2]
const { layers } = new Network(unpack(new Uint8Array(readFileSync(join(folder, "net")))))
const cells = JSON.parse(readFileSync(join(folder, "cells"), "utf-8"))
const found = cells.map((cell, number) => {
  const one = explain(layers, number, cell)
  return {
    ...{ value: one.value, torch: one.torch, sum: one.sum },
    agreement: number ? agreement(one) : "",
    terms: layers[number].kind === "lstm" ? one.groups.map((gate) => gate.terms.length) : [one.terms.length],
    looksAt: looksAt(layers, number, cell).map((field, at) => size(field, layers[at])),
    usedBy: usedBy(layers, number, cell)
      .slice(number + 1)
      .map((field, at) => size(field, layers[number + 1 + at])),
  }
})
console.log(JSON.stringify(found))
