// Reads the test digits aside. A newer network ends the reading of the older one.

import { Network } from "../engine.js"
import { nothing, read } from "./score.js"

const AT_ONCE = 25 // digits between two looks whether there is a newer network

let digits = null
let newest = 0

self.onmessage = ({ data }) => {
  if (data.digits) digits = data.digits
  else begin(data)
}

function begin({ about, tensors, turn }) {
  newest = turn
  const network = new Network(about, tensors)
  const found = nothing()
  const go = (from) => {
    if (turn !== newest) return
    read(network, digits, from, from + AT_ONCE, found)
    if (from + AT_ONCE < digits.labels.length) setTimeout(go, 0, from + AT_ONCE)
    else self.postMessage({ turn, found })
  }
  go(0)
}
