// A thousand test digits, which the server sends when they are first wanted.

import { arrived } from "../reader.js"
import { digitsOf } from "./score.js"

const MARK = "test-digits" // of the message that brings them
export const EVERY = 10 // of the 10,000 test digits these are one in so many

let digits = null // a promise of them

/** The digits, { pixels, labels }. want: asks the server for them, once. */
export function testDigits(want) {
  if (!digits) {
    digits = arrived(MARK).then(inflated)
    want()
  }
  return digits
}

async function inflated(buffer) {
  const stream = new Blob([buffer]).stream().pipeThrough(new DecompressionStream("deflate"))
  return digitsOf(new Uint8Array(await new Response(stream).arrayBuffer()))
}
