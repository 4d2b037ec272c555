// A network in a worker: first its message comes, then pictures; each picture is answered with all values of its pass.

import { Network, unpack } from "./engine.js"

let network = null

self.onmessage = ({ data: { bytes, image } }) => {
  if (bytes) network = new Network(unpack(bytes))
  else {
    const cells = network.run(image).cells.slice()
    self.postMessage(cells, [cells.buffer])
  }
}
