// Is this a digit at all? How far the last feature maps of a picture lie from those of training digits of the class that
// was answered, and from those of things that are no digits; the same as lenet/familiarity.py, which says why.

import { Network } from "./engine.js"

const LAYER = "flatten"
const UNLIKE = 0.6
const ENERGY = 0.01
const USUAL = 0.5
export const MOST = 0.989
const NO_DIGIT = 10
const NEAREST = 10
const PIXELS = 784

/** The shipped pictures: labels, and the pictures in sixteen greys, two pixels a byte; zeros as a zero and how many. */
export function unpacked(buffer) {
  const packed = new Uint8Array(buffer)
  const values = []
  for (let at = 0; at < packed.length; at++) {
    if (packed[at]) values.push(packed[at])
    else for (let zeros = packed[++at]; zeros; zeros--) values.push(0)
  }
  const bytes = Uint8Array.from(values)
  const count = bytes.length / (1 + PIXELS / 2)
  const labels = bytes.subarray(0, count)
  const image = (at) => {
    const from = count + (at * PIXELS) / 2
    return Float32Array.from(
      { length: PIXELS },
      (_, pixel) => ((bytes[from + (pixel >> 1)] >> (pixel % 2 ? 0 : 4)) & 15) / 15,
    )
  }
  return { labels, image }
}

const learning = new Map() // by mark of the network: what it finds familiar, shared by the views of a page
let digits = null

/** What a network finds familiar: fetches the digits once, and lets the network read them between frames while `busy()`
 *  is false. `then` is called when it knows them all. Returns it at once, to be asked when `ready`. */
export function familiarityOf(network, { mark, familiar }, busy, then) {
  if (learning.has(mark)) return learning.get(mark)
  const place = { ready: false, familiar: null }
  learning.set(mark, place)
  digits ??= fetch(new URL(`../../../${familiar.url}`, import.meta.url)).then((answer) => {
    if (!answer.ok) throw new Error(answer.statusText)
    return answer.arrayBuffer().then(unpacked)
  })
  digits.then(
    (known) => {
      place.familiar = new Familiarity(network, known, familiar)
      const slice = () => {
        if (busy()) setTimeout(slice, 100)
        else if (place.familiar.learn(6)) setTimeout(slice)
        else {
          place.ready = true
          then()
        }
      }
      slice()
    },
    () => {
      digits = null
      learning.delete(mark) // another try may succeed
    },
  )
  return place
}

const unit = (values) => {
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)) || 1
  return values.map((value) => value / length)
}

function squared(one, other) {
  let sum = 0
  for (let at = 0; at < one.length; at++) sum += (one[at] - other[at]) ** 2
  return sum
}

/** known: { threshold, quantiles, temperature }, as lenet.familiarity.measure found them. */
export class Familiarity {
  constructor({ name, mean, std, stages }, digits, known) {
    const weights = stages.flatMap((stage) =>
      Object.entries(stage.weights).map(([key, values]) => [`${stage.name}.${key}`, values]),
    )
    // a copy, whose passes disturb nobody, of the layers that are needed
    const layers = stages.slice(0, stages.findIndex(({ name }) => name === LAYER) + 1)
    this.network = new Network({ name, mean, std, layers }, Object.fromEntries(weights))
    this.digits = digits
    this.known = known
    this.seen = []
  }

  /** Read more of the digits, for so many milliseconds. Returns whether some are left. */
  learn(milliseconds) {
    const end = performance.now() + milliseconds
    while (this.seen.length < this.digits.labels.length && performance.now() < end)
      this.seen.push(unit(this.network.run(this.digits.image(this.seen.length))))
    return this.seen.length < this.digits.labels.length
  }

  /** What a pass is like that a network has just made: { strange, remark (whether), share (of digits that are at least
   *  as strange), nearest (places of digits), shares (of the ten digits, as they are shown) }. */
  judge({ stages }) {
    const logits = Array.from(stages.at(-2).values)
    const answer = logits.indexOf(Math.max(...logits))
    const seen = unit(stages.find(({ name }) => name === LAYER).values)
    const found = []
    let unlike = Infinity
    this.seen.forEach((other, at) => {
      const label = this.digits.labels[at]
      if (label === answer) found.push([squared(seen, other), at])
      else if (label === NO_DIGIT) unlike = Math.min(unlike, squared(seen, other))
    })
    found.sort(([a], [b]) => a - b)
    const { threshold, quantiles, temperature } = this.known
    const energy = logits[answer] + Math.log(exponentials(logits, 1).reduce((sum, value) => sum + value))
    const strange = Math.sqrt(found[0][0]) - UNLIKE * Math.sqrt(unlike) - ENERGY * energy
    const usual = strange <= quantiles[Math.round((quantiles.length - 1) * USUAL)]
    return {
      strange,
      remark: strange > threshold,
      share: quantiles.filter((quantile) => quantile >= strange).length / quantiles.length,
      nearest: found.slice(0, NEAREST).map(([, at]) => at),
      shares: held(exponentials(logits, temperature), usual ? 1 : MOST),
    }
  }
}

/** e to the power of each logit less the largest. */
function exponentials(logits, temperature) {
  const most = Math.max(...logits)
  return logits.map((value) => Math.exp((value - most) / temperature))
}

/** Shares of the whole, the largest at most `limit`: what is above goes into a guess, as much for each. */
function held(values, limit) {
  const whole = values.reduce((sum, value) => sum + value)
  const most = Math.max(...values) / whole
  const guess = Math.max(0, (most - limit) / (most - 1 / values.length))
  return values.map((value) => ((1 - guess) * value) / whole + guess / values.length)
}
