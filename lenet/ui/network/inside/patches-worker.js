// Looks through the test digits aside, for the patches that the kernels of a network answer to most.

import { Network } from "../engine.js"
import { strongest } from "./patches.js"

self.onmessage = ({ data: { about, tensors, digits } }) => {
  let found = null
  for (found of strongest(new Network(about, tensors), digits));
  self.postMessage(found)
}
