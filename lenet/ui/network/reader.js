// Networks that read as fast as the pen moves: on the spot if a pass is short, in a worker if it is not.

import { Network, tensorsOf } from "./engine.js"

const FRAME = 8 // milliseconds of a frame that a pass may take

const known = new Map() // by name and mark: one network serves every view of a page

/** The network of a description { name, mark, url or bytes, mean, std, layers }, its weights fetched once. */
export function open(about) {
  const key = `${about.name} ${about.mark}`
  if (!known.has(key)) {
    known.set(key, load(about))
    known.get(key).catch(() => known.delete(key)) // another try may succeed
  }
  return known.get(key)
}

async function load(about) {
  const buffer = about.url ? await fetched(about.url) : about.bytes.slice().buffer
  return new Reader(about, tensorsOf(buffer))
}

async function fetched(url) {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`)
  return response.arrayBuffer()
}

export class Reader {
  constructor(about, tensors) {
    this.network = new Network(about, tensors)
    const image = new Float32Array(784)
    for (let warm = 0; warm < 3; warm++) this.network.run(image)
    const start = performance.now()
    this.network.run(image)
    if (performance.now() - start > FRAME) this.#employ(about, tensors)
  }

  #employ(about, tensors) {
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" })
    this.worker.postMessage({ about: { ...about, bytes: null }, tensors })
    this.worker.onmessage = ({ data }) => {
      this.busy = false
      this.network.fill(data.values)
      this.then?.()
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
    this.then = then
    this.worker.postMessage({ image: Float32Array.from(image) })
  }
}
