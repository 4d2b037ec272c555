// A thousand test pictures of what a network learnt from, which the server sends when they are first wanted.

import { arrived } from "../reader.js"
import { digitsOf } from "./score.js"

const asked = new Map() // promises of them, by the mark of the message that brings them

/** The pictures, { pixels, labels }. about: of the network that is tested; want: asks the server for them, once. */
export function testDigits({ tests: { mark } }, want) {
  if (!asked.has(mark)) {
    asked.set(mark, arrived(mark).then(inflated))
    want()
  }
  return asked.get(mark)
}

async function inflated(buffer) {
  const stream = new Blob([buffer]).stream().pipeThrough(new DecompressionStream("deflate"))
  return digitsOf(new Uint8Array(await new Response(stream).arrayBuffer()))
}
