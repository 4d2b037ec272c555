// The network in the browser. lenet/ui/shared/component.py packs it; nothing here touches the page.

import { KINDS } from "./layers.js"

const SLOW = 8 // milliseconds: a pass that takes longer runs in a worker, so that the pen stays smooth
const PASSES = 5 // to measure; the first ones wait for the compiler

/** Unpack a message: four bytes of length, a description in JSON, then float32 numbers, to which [start, size] point. */
export function unpack(bytes) {
  const copy = bytes.slice() // aligned, whatever the message around it was
  const length = new DataView(copy.buffer).getUint32(0, true)
  const about = JSON.parse(new TextDecoder().decode(copy.subarray(4, 4 + length)))
  const floats = new Float32Array(copy.buffer, 4 + length)
  const part = ([start, size]) => floats.subarray(start, start + size)
  for (const layer of about.layers) {
    layer.weights = Object.fromEntries(Object.entries(layer.weights).map(([name, at]) => [name, part(at)]))
    if (layer.values) layer.values = part(layer.values)
  }
  return about
}

/** A network and the values of its last pass. Each of `layers` is what layers.js says a layer has; the values of all
 *  are views into `cells`, which every pass fills anew. A message that came with values keeps them until the first run.
 *  Raises an error for a kind of layer that has no object in layers.js. */
export class Network {
  constructor({ layers, ...about }) {
    Object.assign(this, about)
    const counts = layers.map(({ size }) => size.reduce((a, b) => a * b))
    this.cells = new Float32Array(counts.reduce((a, b) => a + b))
    this.layers = []
    for (let number = 0, start = 0; number < layers.length; start += counts[number++]) {
      const { values, ...row } = layers[number]
      if (!KINDS[row.kind]) throw new Error(`No rule for a layer of kind “${row.kind}”.`)
      const view = this.cells.subarray(start, start + counts[number])
      if (values) view.set(values)
      const place = { number, count: counts[number], before: this.layers[number - 1], values: view }
      this.layers.push({ mean: about.mean, std: about.std, ...row, ...place })
    }
  }

  /** Read a picture: 28 × 28 pixel intensities from 0 to 1, row by row. Returns the network itself. */
  run(image) {
    for (const layer of this.layers)
      KINDS[layer.kind].forward(layer, layer.before?.values ?? image, layer.weights, layer.values)
    return this
  }

  /** The ten of the last pass. */
  get probabilities() {
    return this.layers.at(-1).values
  }
}

/** Milliseconds of a pass: the fastest of a few. */
export function passTime(network) {
  const blank = new Float32Array(network.layers[0].count)
  let best = Infinity
  for (let pass = 0; pass < PASSES; pass++) {
    const begun = performance.now()
    network.run(blank)
    best = Math.min(best, performance.now() - begun)
  }
  return best
}

/** Reads pictures: here, or in a worker if a pass takes too long. `network` has the values of the last answer. */
export class Reader {
  /** slow: milliseconds from which on a worker is used; makeWorker: for browsers' module workers. */
  constructor(bytes, { slow = SLOW, makeWorker = moduleWorker } = {}) {
    this.network = new Network(unpack(bytes))
    this.passTime = passTime(this.network)
    if (this.passTime <= slow) return
    this.worker = makeWorker()
    this.worker.onmessage = ({ data }) => this.#answer(() => this.network.cells.set(data))
    this.worker.onerror = () => {
      // A browser without module workers, or one that may not start them, reads here.
      this.close()
      if (this.asked) this.#answer(() => this.network.run(this.asked.image))
    }
    this.worker.postMessage({ bytes })
  }

  /** A promise of the network after this picture, or of null if a later picture came before its turn. */
  read(image) {
    return new Promise((resolve, reject) => {
      this.waiting?.resolve(null)
      this.waiting = { image, resolve, reject }
      if (!this.asked) this.#next()
    })
  }

  /** Stop the worker. */
  close() {
    this.worker?.terminate()
    this.worker = null
  }

  #next() {
    this.asked = this.waiting
    this.waiting = null
    if (!this.asked) return
    if (this.worker) this.worker.postMessage({ image: this.asked.image })
    else this.#answer(() => this.network.run(this.asked.image))
  }

  #answer(fill) {
    const { resolve, reject } = this.asked
    try {
      fill()
      resolve(this.network)
    } catch (error) {
      reject(error)
    }
    this.#next()
  }
}

function moduleWorker() {
  return new Worker(new URL("./engine-worker.js", import.meta.url), { type: "module" })
}
