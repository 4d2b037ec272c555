// The arithmetic of any number, what it looks at and what it is used by: as in lenet/explain.py. `layers` are a
// network's; what each kind of layer adds up, and which cells it connects, is written in layers.js.

import { only } from "./fields.js"
import { KINDS } from "./layers.js"

/** One number taken apart: terms (stage, cell, value, weight, product), bias, sum, nonlinearity, value and, of whatever
 *  is computed at all, torch: PyTorch's number. */
export function explain(layers, number, cell) {
  return KINDS[layers[number].kind].explain(layers[number], cell)
}

/** The fields that the cell looks at, by number of the layer, from the first to its own. */
export function looksAt(layers, number, cell) {
  const fields = []
  fields[number] = only(layers[number], cell)
  for (let at = number; at > 0; at--) fields[at - 1] = KINDS[layers[at].kind].looksAt(layers[at], fields[at])
  return fields
}

/** The fields that the cell is used by, by number of the layer, from the one behind it on. */
export function usedBy(layers, number, cell) {
  const fields = []
  let field = only(layers[number], cell)
  for (let at = number + 1; at < layers.length; at++) {
    field = KINDS[layers[at].kind].usedBy(layers[at], field)
    fields[at] = field
  }
  return fields
}

/** How many figures of our value and PyTorch's are the same, in a sentence. */
export function agreement({ value, torch, terms, groups, bias }) {
  const small = (x) => x.toExponential(0).replace("-", "−")
  const apart = Math.abs(value - torch)
  if (apart === 0) return "Exactly the same result ✓"
  const relative = torch ? apart / Math.abs(torch) : apart
  const digits = ["four", "five", "six", "seven"] // float32 has no more
  if (relative <= 1e-4) return `Same result to ${digits[Math.min(7, Math.floor(-Math.log10(relative))) - 4]} digits ✓`
  // float32 rounds each addition by up to a sixteen-millionth of what is added up, however small the outcome is.
  const products = (groups?.flatMap((group) => group.terms) ?? terms).map(({ product }) => Math.abs(product))
  if (apart <= 1e-6 * Math.max(1, Math.abs(bias) + products.reduce((a, b) => a + b, 0)))
    return `Same result but for ${small(apart)} ✓: large terms cancel here, so float32 keeps few digits.`
  return `They differ by ${small(apart)}: that is too much.`
}
