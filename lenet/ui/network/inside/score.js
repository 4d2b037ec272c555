// How many test digits of each class a network classifies correctly. Nothing here touches the page.

import { answerOf, Network } from "../engine.js"

export const PIXELS = 784

/** Digits as they are sent: { pixels, labels }, a byte each. bytes: of each digit its label and its pixels. */
export function digitsOf(bytes) {
  const count = bytes.length / (PIXELS + 1)
  return { labels: bytes.subarray(0, count), pixels: bytes.subarray(count) }
}

/** Read some of the digits, and count into `found`: { right, all }, ten numbers each. */
export function read(network, { labels, pixels }, from, to, found) {
  const image = new Float32Array(PIXELS)
  for (let at = from; at < Math.min(to, labels.length); at++) {
    for (let i = 0; i < PIXELS; i++) image[i] = pixels[at * PIXELS + i] / 255
    found.all[labels[at]] += 1
    if (answerOf(network.run(image)) === labels[at]) found.right[labels[at]] += 1
  }
}

export const nothing = () => ({ right: new Array(10).fill(0), all: new Array(10).fill(0) })

/** The same of all digits at once. */
export function score(about, tensors, digits) {
  const found = nothing()
  read(new Network(about, tensors), digits, 0, digits.labels.length, found)
  return found
}

const total = (numbers) => numbers.reduce((sum, one) => sum + one, 0)

/** The share that is classified correctly, of all digits. */
export const accuracyOf = ({ right, all }) => total(right) / total(all)
