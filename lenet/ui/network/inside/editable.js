// Networks that can be edited. Their edits stay while one looks elsewhere on the page.

import { Edits } from "../edits.js"
import { open } from "../reader.js"

const editable = new Map() // by name and mark

/** The network of a description, to be edited. */
export async function edits(about) {
  const key = `${about.name} ${about.mark}`
  if (!editable.has(key)) {
    const { network } = await open(about)
    editable.set(key, new Edits(about, tensorsIn(network)))
  }
  return editable.get(key)
}

/** The weights of a network, by parameter name. */
export const tensorsIn = ({ stages }) =>
  Object.fromEntries(
    stages.flatMap(({ name, weights }) => Object.entries(weights).map(([key, values]) => [`${name}.${key}`, values])),
  )
