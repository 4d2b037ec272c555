// Messages, networks and who reads a picture: here, or a worker.

import assert from "node:assert/strict"
import test from "node:test"
import { Network, Reader, unpack } from "../../../lenet/ui/network/engine.js"

/** A message as component.py packs it: a network that doubles nothing, two layers of four cells. */
function message(kinds = ["input", "relu"], values) {
  const row = (kind, at) => ({
    ...{ name: kind, kind, shape: [1, 2, 2], size: [1, 2, 2], weights: {} },
    ...(values ? { values: [4 * at, 4] } : {}),
  })
  let text = JSON.stringify({ network: "test", mean: 0, std: 1, layers: kinds.map(row) })
  text += " ".repeat(-text.length & 3)
  const bytes = new Uint8Array(4 + text.length + 4 * (values?.length ?? 0))
  new DataView(bytes.buffer).setUint32(0, text.length, true)
  bytes.set(new TextEncoder().encode(text), 4)
  if (values) bytes.set(new Uint8Array(Float32Array.from(values).buffer), 4 + text.length)
  return bytes
}

/** A worker that answers when it is told to. */
class Slow {
  asked = []
  stopped = false
  postMessage({ bytes, image }) {
    if (bytes) this.network = new Network(unpack(bytes))
    else this.asked.push(image)
  }
  answer() {
    this.onmessage({ data: this.network.run(this.asked.shift()).cells.slice() })
  }
  terminate() {
    this.stopped = true
  }
}

const image = (value) => Float32Array.of(value, -value, 0, 1)

test("a message may begin anywhere in a larger one", () => {
  const bytes = message()
  const inside = new Uint8Array(bytes.length + 3)
  inside.set(bytes, 3)
  assert.equal(unpack(inside.subarray(3)).network, "test")
})

test("values that came along are there until the first run", () => {
  const network = new Network(unpack(message(["input", "relu"], [1, 2, 3, 4, 5, 6, 7, 8])))
  assert.deepEqual([...network.probabilities], [5, 6, 7, 8])
  assert.deepEqual([...network.run(image(3)).probabilities], [3, 0, 0, 1])
})

test("an unknown kind of layer is an error that names it", () => {
  assert.throws(() => new Network(unpack(message(["input", "dropout"]))), /dropout/)
})

test("a fast network reads at once, and every picture", async () => {
  const reader = new Reader(message(), { slow: Infinity })
  assert.equal(reader.worker, undefined)
  const [one, two] = [reader.read(image(3)), reader.read(image(5))]
  assert.deepEqual([...(await two).probabilities], [5, 0, 0, 1])
  assert.equal(await one, reader.network)
})

test("a slow network reads in a worker, and of the pictures that wait only the last", async () => {
  const worker = new Slow()
  const reader = new Reader(message(), { slow: -1, makeWorker: () => worker })
  const reads = [1, 2, 3, 4].map((value) => reader.read(image(value)))
  assert.equal(worker.asked.length, 1)
  worker.answer()
  assert.equal((await reads[0]).probabilities[0], 1)
  assert.deepEqual([await reads[1], await reads[2]], [null, null])
  worker.answer()
  assert.equal((await reads[3]).probabilities[0], 4)
  assert.equal(worker.asked.length, 0)
  reader.close()
  assert.ok(worker.stopped)
})

test("without a worker it reads here, whatever was asked already", async () => {
  const worker = new Slow()
  const reader = new Reader(message(), { slow: -1, makeWorker: () => worker })
  const reads = [reader.read(image(7)), reader.read(image(8))]
  worker.onerror()
  assert.equal(await reads[0], reader.network)
  assert.equal((await reads[1]).probabilities[0], 8)
  assert.ok(worker.stopped)
})
