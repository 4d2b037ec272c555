// The forward pass of a network in the browser: weights once, then a picture in and every layer out.

import { KINDS } from "./layers.js"

/** Tensors of a safetensors file: name -> Float32Array. Raises an Error for anything else. */
export function tensorsOf(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)))
  const tensors = {}
  for (const [
    name,
    {
      dtype,
      data_offsets: [start, end],
    },
  ] of Object.entries(header).filter(([key]) => key !== "__metadata__")) {
    if (dtype !== "F32") throw new Error(`${name} holds ${dtype}, not 32-bit floats`)
    tensors[name] = new Float32Array(buffer.slice(8 + length + start, 8 + length + end))
  }
  return tensors
}

/** A network that can read. about: { name, mean, std, layers }, the layers as lenet.ui.shared.stages.describe tells
 *  them; tensors: its weights by parameter name. `stages` holds the latest pass, the one with the number `pass`, and is
 *  overwritten by the next. */
export class Network {
  constructor(about, tensors) {
    Object.assign(this, { name: about.name, mean: about.mean, std: about.std, pass: 0 })
    this.stages = about.layers.map((layer, number) => ({
      ...layer,
      number,
      scale: 1,
      values: new Float32Array(layer.size.reduce((product, side) => product * side, 1)),
      weights: Object.fromEntries(
        Object.keys(tensors)
          .filter((key) => key.startsWith(`${layer.name}.`))
          .map((key) => [key.slice(layer.name.length + 1), tensors[key]]),
      ),
    }))
  }

  /** Read a picture of 784 numbers. Returns the ten probabilities. */
  run(image) {
    this.pass += 1
    this.stages[0].values.set(image)
    this.stages.forEach((stage, number) => {
      KINDS[stage.kind].forward(stage, this.stages[number - 1], this)
    })
    return this.probabilities
  }

  /** Set what a worker computed: the values of all stages, one after another. */
  fill(values) {
    this.pass += 1
    let at = 0
    for (const stage of this.stages) {
      stage.values.set(values.subarray(at, at + stage.values.length))
      at += stage.values.length
    }
  }

  /** Hold nothing: all values are zero. */
  clear() {
    this.pass += 1
    for (const { values } of this.stages) values.fill(0)
  }

  /** The values of all stages, one after another. */
  get everything() {
    const all = new Float32Array(this.stages.reduce((total, { values }) => total + values.length, 0))
    let at = 0
    for (const { values } of this.stages) {
      all.set(values, at)
      at += values.length
    }
    return all
  }

  get probabilities() {
    return this.stages.at(-1).values
  }
}

/** The digit that is read: the largest probability; null if all ten are equal, or one is no number. */
export function answerOf(probabilities) {
  const most = Math.max(...probabilities)
  return most - Math.min(...probabilities) > 1e-6 ? probabilities.indexOf(most) : null
}

/** The value that gets the last colour in a stage, and whether its numbers are coloured as signed. */
export function look(stage) {
  let most = 0
  let negative = stage.signed
  for (const value of stage.values) {
    if (value < 0) negative = true
    if (Math.abs(value) > most) most = Math.abs(value)
  }
  return { signed: negative, scale: stage.bounded ? 1 : most }
}
