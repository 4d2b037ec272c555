// Reads digits aside for networks that would hold up the pen. One message in, one out.

import { Network } from "./engine.js"

let network = null

self.onmessage = ({ data }) => {
  if (data.about) network = new Network(data.about, data.tensors)
  else {
    network.run(data.image)
    const values = network.everything
    self.postMessage({ values, turn: data.turn }, [values.buffer])
  }
}
