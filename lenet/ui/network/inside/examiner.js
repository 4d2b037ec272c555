// A worker that has networks read the test pictures, one network after another.

import { testDigits } from "./digits.js"

/** about: of the network, for its layers; want: asks the server for the pictures, once. */
export function examiner(about, want) {
  const { network: _, ...plain } = about
  const waiting = new Map() // by turn
  let worker = null
  let turn = 0
  let ended = false

  /** How many pictures of each class a network with these weights gets right, { right, all }; null if a later one was
   *  asked for meanwhile, or nobody waits any more. */
  async function read(tensors) {
    const mine = ++turn
    const digits = await testDigits(about, want)
    if (ended || mine !== turn) return null
    if (!worker) {
      worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" })
      worker.postMessage({ digits })
      worker.onmessage = ({ data }) => {
        waiting.get(data.turn)?.(data.turn === turn && !ended ? data.found : null)
        waiting.delete(data.turn)
      }
    }
    return new Promise((resolve) => {
      for (const [, earlier] of waiting) earlier(null)
      waiting.clear()
      waiting.set(mine, resolve)
      worker.postMessage({ about: plain, tensors, turn: mine })
    })
  }

  function stop() {
    ended = true
    worker?.terminate()
  }
  return { read, stop }
}
