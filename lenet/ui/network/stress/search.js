// How to fool a network: flip one pixel after another, or move all of them a little. Nothing here touches the page.
//
// A search is a generator, so that it can be paused, ended and watched. It yields null after each picture that was read,
// and what it has found whenever there is something new.

import { amountsOf, CELLS, centred, transform } from "./transform.js"

export const MOST = 60 // flips after which a search gives up
export const PLACES = 41 // amounts of a sweep
export const GRID = 21 // amounts along each side of a map of two ways
const SHORT = 150 // pixels that are tried again after the first flip: those that did most the time before
const STEP = 0.01 // of the full ink: how far a pixel is moved either way to measure the slope

/** A pixel turned from black to white or from white to black. */
export const flipped = (ink) => (ink < 0.5 ? 1 : 0)

/** How far the picture is on the wrong side: the lead of `target` over every other digit, or where that is null, of the
 *  strongest other digit over `from`. The answer has changed if it is above zero. */
export function lead(logits, from, target) {
  const wanted = target ?? strongest(logits, from)
  const rival = target === null ? from : strongest(logits, target)
  return logits[wanted] - logits[rival]
}

/** The digit with the largest logit but one. */
export function strongest(logits, but) {
  let best = but ? 0 : 1
  for (let digit = 0; digit < 10; digit++) if (digit !== but && logits[digit] > logits[best]) best = digit
  return best
}

/** The ten logits of a picture. */
function logitsOf(net, image) {
  net.run(image)
  return net.stages.at(-2).values
}

/** Flip the pixel that brings the network nearest to the wrong answer, until it gives it; then take back every flip that
 *  is not needed. Yields { flips: cells in order, lead, done }. */
export function* greedy(net, image, { from, target, most = MOST }) {
  const picture = Float32Array.from(image)
  const scored = (cell) => {
    const before = picture[cell]
    picture[cell] = flipped(image[cell])
    const score = lead(logitsOf(net, picture), from, target)
    picture[cell] = before
    return score
  }
  let flips = []
  let now = lead(logitsOf(net, picture), from, target)
  let tried = Array.from({ length: CELLS }, (_, cell) => cell)
  while (now <= 0 && flips.length < most) {
    const found = []
    for (const cell of tried) {
      found.push([scored(cell), cell])
      yield null
    }
    found.sort(([a], [b]) => b - a)
    const [score, cell] = found[0]
    now = score
    picture[cell] = flipped(image[cell])
    flips = [...flips, cell]
    tried = found.slice(1, SHORT + 1).map(([, other]) => other)
    yield { flips, lead: now, done: false }
  }
  if (now > 0)
    for (const cell of flips.slice(0, -1)) {
      picture[cell] = image[cell]
      const score = lead(logitsOf(net, picture), from, target)
      if (score > 0) {
        flips = flips.filter((other) => other !== cell)
        now = score
      } else picture[cell] = flipped(image[cell])
      yield null
    }
  yield { flips, lead: now, done: true }
}

/** The slope of the lead of `target` (or of the strongest other digit) over `from`, pixel by pixel: each is moved by a
 *  hundredth of the ink up and down. Then the least epsilon, in 255ths, with which fgsm changes the answer as is asked,
 *  or null. Yields { slopes: 784 numbers, epsilon }. */
export function* slope(net, image, { from, target }) {
  const wanted = target ?? strongest(logitsOf(net, image), from)
  const picture = Float32Array.from(image)
  const slopes = new Float32Array(CELLS)
  const apart = () => {
    const logits = logitsOf(net, picture)
    return logits[wanted] - logits[from]
  }
  for (let cell = 0; cell < CELLS; cell++) {
    picture[cell] = image[cell] + STEP
    const above = apart()
    picture[cell] = image[cell] - STEP
    slopes[cell] = (above - apart()) / (2 * STEP)
    picture[cell] = image[cell]
    yield null
  }
  let epsilon = null
  for (let level = 1; level <= 255 && epsilon === null; level++) {
    if (lead(logitsOf(net, fgsm(image, slopes, level / 255)), from, target) > 0) epsilon = level / 255
    yield null
  }
  yield { slopes, epsilon }
}

/** Every pixel moved by `epsilon` in the direction of its slope, within black and white: the fast gradient sign method
 *  (I. Goodfellow, J. Shlens, C. Szegedy, 2015). */
export function fgsm(image, slopes, epsilon) {
  return Float32Array.from(image, (ink, cell) => Math.min(1, Math.max(0, ink + epsilon * Math.sign(slopes[cell]))))
}

/** How much ink was moved in all, how many pixels were changed, and by how much at most. */
export function changeOf(image, changed) {
  let [total, pixels, most] = [0, 0, 0]
  for (let cell = 0; cell < CELLS; cell++) {
    const apart = Math.abs(changed[cell] - image[cell])
    total += apart
    if (apart > 1e-6) pixels++
    if (apart > most) most = apart
  }
  return { total, pixels, most }
}

/** The epsilon with which fgsm moves that much ink in all; 1 if it cannot move as much. */
export function epsilonFor(image, slopes, total) {
  let [low, high] = [0, 1]
  for (let turn = 0; turn < 20; turn++) {
    const middle = (low + high) / 2
    if (changeOf(image, fgsm(image, slopes, middle)).total < total) low = middle
    else high = middle
  }
  return high
}

/** The six sweeps of a digit: yields { way, shares: the ten probabilities at each of 41 amounts } for each way. */
export function* sweeps(net, image, { ways, noise, again, first }) {
  const order = [...ways.filter(({ id }) => id === first), ...ways.filter(({ id }) => id !== first)]
  for (const way of order) {
    const shares = new Float32Array(PLACES * 10)
    for (const [place, amount] of amountsOf(way, PLACES).entries()) {
      shares.set(net.run(seen(image, ways, { [way.id]: amount }, noise, again)), 10 * place)
      yield null
    }
    yield { way: way.id, shares }
  }
}

/** Two ways at once: yields { shares }, the ten probabilities at 21 amounts of `across`, for each of 21 of `down`. */
export function* grid(net, image, { ways, noise, again, across, down }) {
  const [right, below] = [across, down].map((id) =>
    amountsOf(
      ways.find((way) => way.id === id),
      GRID,
    ),
  )
  const shares = new Float32Array(GRID * GRID * 10)
  for (let at = 0; at < GRID * GRID; at++) {
    const amounts = { [across]: right[at % GRID], [down]: below[Math.floor(at / GRID)] }
    shares.set(net.run(seen(image, ways, amounts, noise, again)), 10 * at)
    yield null
  }
  yield { shares }
}

/** The picture as a network gets it. */
export function seen(image, ways, amounts, noise, again) {
  const changed = transform(image, ways, amounts, noise)
  return again ? (centred(changed) ?? changed) : changed
}

/** What it reads in one picture: yields { shares }. */
function* once(net, image) {
  yield { shares: Float32Array.from(net.run(image)) }
}

const SEARCHES = { sweeps, grid, greedy, slope, once }

const SLICE = 15 // milliseconds after which a search makes way for others
const pause = () => new Promise((resolve) => setTimeout(resolve))

/** Search in slices as long as it is wanted: `tell(found)` for whatever is found. */
export async function work(net, { kind, image, options }, tell, wanted) {
  let since = performance.now()
  for (const found of SEARCHES[kind](net, image, options)) {
    if (found) tell(found)
    if (performance.now() - since < SLICE) continue
    await pause()
    if (!wanted()) return
    since = performance.now()
  }
}
