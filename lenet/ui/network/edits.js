// Changes to the weights of a network, one after another, each of which can be taken back. Nothing here touches the page.

import { Network } from "./engine.js"
import { explain, place } from "./layers.js"

const GATES = ["input gate", "forget gate", "candidate", "output gate"] // in the order of their rows

/** A copy of a network whose weights can be changed. tensors: by parameter name. */
export class Edits {
  constructor(about, tensors) {
    const copy = (one) => Object.fromEntries(Object.entries(one).map(([name, values]) => [name, values.slice()]))
    this.original = copy(tensors)
    this.tensors = copy(tensors)
    this.network = new Network(about, this.tensors)
    this.log = [] // { words, key, before: pieces }
  }

  /** words: what happens; pieces: [{ name, start, values }]. A change with the key of the last one, which is still
   *  going on, continues it: both are undone together. */
  change(words, pieces, key = null) {
    const last = this.log.at(-1)
    if (key !== null && last?.key === key) last.words = words
    else {
      const old = ({ name, start, values }) => this.tensors[name].slice(start, start + values.length)
      this.log.push({ words, key, before: pieces.map((piece) => ({ ...piece, values: old(piece) })) })
    }
    this.#write(pieces)
  }

  /** What comes now is another change. */
  end() {
    if (this.log.length) this.log.at(-1).key = null
  }

  undo() {
    const last = this.log.pop()
    if (last) this.#write(last.before)
  }

  reset() {
    this.#write(Object.entries(this.original).map(([name, values]) => ({ name, start: 0, values })))
    this.log = []
  }

  /** The numbers that are others now: [{ name, at: [places], values }]. */
  get differences() {
    return Object.entries(this.tensors)
      .map(([name, values]) => {
        const at = [...values.keys()].filter((place) => values[place] !== this.original[name][place])
        return { name, at, values: at.map((place) => values[place]) }
      })
      .filter(({ at }) => at.length)
  }

  /** How many numbers are others now. */
  get count() {
    return this.differences.reduce((sum, { at }) => sum + at.length, 0)
  }

  /** The same text for the same weights. */
  get version() {
    return JSON.stringify(this.differences)
  }

  #write(pieces) {
    for (const { name, start, values } of pieces) this.tensors[name].set(values, start)
  }
}

/** How many maps or units a layer has. */
const unitsOf = ({ size }) => (size.length === 3 ? size[0] : size.at(-1))

const has = (stage) => Object.keys(stage.weights).length > 0

/** The map or unit whose weights a cell comes from: { stage, row }; null before the first weights, and for distances. */
export function ownerOf(net, number, cell) {
  let at = { stage: number, cell }
  while (at.stage > 0 && !has(net.stages[at.stage])) {
    const { kind } = net.stages[at.stage]
    if (kind === "rbf") return null // a distance comes from all units alike
    at = explain(net, at.stage, at.cell).terms[kind === "softmax" ? at.cell : 0] ?? { stage: 0, cell: 0 }
  }
  const stage = net.stages[at.stage]
  if (!has(stage)) return null
  return { stage, row: stage.size.length === 3 ? place(stage, at.cell)[0] : at.cell % unitsOf(stage) }
}

/** The weights and biases of a map or unit, as pieces { name, start, values } with what they are now. */
export function piecesOf(stage, row) {
  const units = unitsOf(stage)
  return Object.entries(stage.weights).flatMap(([key, tensor]) => {
    const rows = stage.weights[key.replace("weight", "bias")]?.length ?? units
    const length = tensor.length / rows
    const starts = Array.from({ length: rows / units }, (_, gate) => (gate * units + row) * length)
    return starts.map((start) => ({
      name: `${stage.name}.${key}`,
      start,
      values: tensor.slice(start, start + length),
    }))
  })
}

/** The same pieces, each number times a factor. */
export const scaled = (pieces, factor) =>
  pieces.map((piece) => ({ ...piece, values: piece.values.map((value) => value * factor) }))

/** Where the weight of a term of a cell is kept: { name, at }, or null for what is no weight. gate: of an LSTM. */
export function weightAt({ stages }, number, cell, term, gate = "") {
  const stage = stages[number]
  const before = stages[number - 1]
  const { weight, weight_ih_l0: input, weight_hh_l0: state } = stage.weights
  if (stage.kind === "conv") {
    const [kernel, stride, padding] = stage.window
    const [map, row, column] = place(stage, cell)
    const [from, r, c] = place(before, term.cell)
    const [i, j] = [r - row * stride + padding, c - column * stride + padding]
    return { name: `${stage.name}.weight`, at: ((map * before.shape[0] + from) * kernel + i) * kernel + j }
  }
  if (stage.kind === "linear" && weight)
    return { name: `${stage.name}.weight`, at: cell * before.values.length + term.cell }
  if (weight?.length === unitsOf(stage)) return { name: `${stage.name}.weight`, at: place(stage, cell)[0] } // a trained pool
  if (!input) return null
  const hidden = unitsOf(stage)
  const line = Math.max(0, GATES.indexOf(gate)) * hidden + (cell % hidden)
  if (term.stage === number) return { name: `${stage.name}.weight_hh_l0`, at: line * hidden + (term.cell % hidden) }
  const inputs = (input.length * hidden) / state.length
  return { name: `${stage.name}.weight_ih_l0`, at: line * inputs + (term.cell % inputs) }
}

/** The same of a cell's bias; of the two biases of a recurrent layer the first. */
export function biasAt({ stages }, number, cell, gate = "") {
  const stage = stages[number]
  const [key] = Object.keys(stage.weights).filter((name) => name.startsWith("bias"))
  if (!key) return null
  const units = unitsOf(stage)
  const row = stage.size.length === 3 ? place(stage, cell)[0] : cell % units
  return { name: `${stage.name}.${key}`, at: Math.max(0, GATES.indexOf(gate)) * units + row }
}
