// Networks that read as fast as the pen moves: on the spot if a pass is short, in a worker if it is not.

import { Network, tensorsOf } from "./engine.js"

const FRAME = 8 // milliseconds of a frame that a pass may take
const TRIES = 8 // passes until a slow one is believed

const known = new Map() // by name and mark: one network serves every view of a page

const brought = new Map() // weights that came in a message, by mark
const wanted = new Map() // who waits for them

/** Take in a message: four bytes of length, the mark of the network, its safetensors file. */
export function register(message) {
  const bytes = message.slice()
  const length = new DataView(bytes.buffer).getUint32(0, true)
  const mark = new TextDecoder().decode(bytes.subarray(4, 4 + length))
  brought.set(mark, bytes.slice(4 + length).buffer)
  wanted.get(mark)?.(brought.get(mark))
}

/** What came in a message of that mark, as soon as it is here. */
export const arrived = (mark) =>
  new Promise((resolve) => (brought.has(mark) ? resolve(brought.get(mark)) : wanted.set(mark, resolve)))

/** The network of a description { name, mark, url, mean, std, layers }; its weights are fetched once from the url, or
 *  come in a message where there is none. */
export function open(about) {
  const key = `${about.name} ${about.mark}`
  if (!known.has(key)) {
    known.set(key, load(about))
    known.get(key).catch(() => known.delete(key)) // another try may succeed
  }
  return known.get(key)
}

/** Have a reader of one's own read for a description of that name and mark. */
export function provide({ name, mark }, reader) {
  known.set(`${name} ${mark}`, Promise.resolve(reader))
}

async function load(about) {
  const buffer = about.url ? await fetched(about.url) : await arrived(about.mark)
  return new Reader(about, tensorsOf(buffer))
}

/** The bytes of a file of the server. url: from its root on. */
export async function fetched(url) {
  const response = await fetch(new URL(`../../../${url}`, import.meta.url)) // of this file
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`)
  return response.arrayBuffer()
}

export class Reader {
  constructor(about, tensors) {
    this.network = new Network(about, tensors)
    if (this.#fastest() > FRAME) this.#employ(about, tensors)
  }

  /** Milliseconds of a pass once the browser has compiled it, or of the first that is short enough. */
  #fastest() {
    const image = new Float32Array(784)
    let least = Infinity
    for (let pass = 0; pass < TRIES && least > FRAME; pass++) {
      const start = performance.now()
      this.network.run(image)
      least = Math.min(least, performance.now() - start)
    }
    return least
  }

  #employ(about, tensors) {
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" })
    this.worker.postMessage({ about, tensors })
    this.worker.onerror = () => {
      this.worker = null // a browser without such workers: reading here is slow, but it reads
    }
    this.worker.onmessage = ({ data }) => {
      this.busy = false
      this.network.fill(data.values)
      this.after?.()
      if (this.next) this.read(...this.next)
    }
  }

  /** Read a picture and call `then` when the stages hold the pass: at once, or when the worker has done it. While the
   *  worker is busy only the latest picture waits. */
  read(image, then) {
    if (!this.worker) {
      this.network.run(image)
      then()
      return
    }
    if (this.busy) {
      this.next = [Float32Array.from(image), then]
      return
    }
    this.next = null
    this.busy = true
    this.after = then
    this.worker.postMessage({ image: Float32Array.from(image) })
  }
}
