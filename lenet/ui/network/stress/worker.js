// Sweeps and searches aside, so that no slider waits for them.

import { Network } from "../engine.js"
import { work } from "./search.js"

const networks = new Map()
const wanted = new Set()

self.onmessage = async ({ data: { open, end, id, key, job } }) => {
  if (open) networks.set(open.key, new Network(open.about, open.tensors))
  if (end) wanted.delete(end)
  if (!job) return
  wanted.add(id)
  const tell = (found) => wanted.has(id) && self.postMessage({ id, found })
  await work(networks.get(key), job, tell, () => wanted.has(id))
  wanted.delete(id)
  self.postMessage({ id, ended: true })
}
