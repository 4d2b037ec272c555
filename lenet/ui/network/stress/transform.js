// A digit shifted, scaled, turned, squeezed, thickened and noised, as lenet/probes/stress.py does it: the numbers of both
// are at most 2/255 apart. Nothing here touches the page.
//
// A way to change a picture comes from the server: { id, label, unit, ways: [smaller, larger], low, high, neutral }.
// Here is what it does. A seventh is a row there and a row here.

import { read, resize, SIZE } from "../ink.js"

export const CELLS = SIZE * SIZE
const MIDDLE = (SIZE - 1) / 2
const REACH = 2 // pixels that a pen tip reaches at most
const LEAST_CONTRAST = 0.12 // of the range from black to white, between paper and ink

// (x, y, amount) -> the x, y in the old picture of what comes to x, y in the new one, from the middle.
const SOURCES = {
  squeeze: (x, y, percent) => [x / (1 - percent / 100), y],
  scale: (x, y, times) => [x / times, y / times],
  rotate(x, y, degrees) {
    const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
    return [x * cos - y * sin, x * sin + y * cos]
  },
  shift: (x, y, right) => [x - right, y],
}

// (image, amount, noise) -> image.
const PIXELS = {
  stroke,
  noise: (image, deviation, noise) => image.map((ink, at) => limited(ink + deviation * noise[at])),
}

const limited = (ink) => Math.min(1, Math.max(0, ink))

/** `count` amounts from one end to the other, the neutral one exactly among them. */
export function amountsOf(way, count) {
  const step = (way.high - way.low) / (count - 1)
  const middle = neutralAt(way, count)
  return Array.from({ length: count }, (_, at) => way.neutral + (at - middle) * step)
}

/** The place of the neutral amount among them. */
export const neutralAt = ({ low, high, neutral }, count) => Math.round(((neutral - low) / (high - low)) * (count - 1))

/** The picture changed in all ways whose amount is not neutral. amounts: by id; noise: 784 standard normal numbers.
 *  Neighbouring ways that move pixels go together, so that the picture is interpolated only once. */
export function transform(image, ways, amounts, noise) {
  const wanted = ways.filter(({ id, neutral }) => (amounts[id] ?? neutral) !== neutral)
  let changed = image
  let moving = []
  const move = () => {
    if (moving.length) changed = sampled(changed, moving, amounts)
    moving = []
  }
  for (const { id } of wanted) {
    if (SOURCES[id]) moving.unshift(id)
    else {
      move()
      changed = PIXELS[id](changed, amounts[id], noise)
    }
  }
  move()
  return changed
}

/** The picture interpolated linearly where the ways say, one after another. */
function sampled(image, ids, amounts) {
  const changed = new Float32Array(CELLS)
  for (let at = 0; at < CELLS; at++) {
    let [x, y] = [(at % SIZE) - MIDDLE, Math.floor(at / SIZE) - MIDDLE]
    for (const id of ids) [x, y] = SOURCES[id](x, y, amounts[id])
    changed[at] = between(image, x + MIDDLE, y + MIDDLE)
  }
  return changed
}

/** The picture between its pixels; beyond its frame it is black. */
function between(image, x, y) {
  const [left, top] = [Math.floor(x), Math.floor(y)]
  const [across, down] = [x - left, y - top]
  const pixel = (column, row) =>
    column >= 0 && row >= 0 && column < SIZE && row < SIZE ? image[row * SIZE + column] : 0
  const upper = pixel(left, top) * (1 - across) + (across && pixel(left + 1, top) * across)
  if (!down) return upper
  const lower = pixel(left, top + 1) * (1 - across) + (across && pixel(left + 1, top + 1) * across)
  return upper * (1 - down) + lower * down
}

/** Where a round pen tip of that radius meets the interpolated picture: its edge, and the pixels within. */
function tip(radius) {
  const edge = Array.from({ length: 16 }, (_, turn) => (turn * 2 * Math.PI) / 16).map((turn) => [
    radius * Math.cos(turn),
    radius * Math.sin(turn),
  ])
  const beside = [-1, 0, 1].flatMap((x) => [-1, 0, 1].filter((y) => x || y).map((y) => [x, y]))
  return [
    ...edge,
    ...beside.map(([x, y]) => {
      const far = Math.hypot(x, y)
      return [(x / far) * Math.min(radius, far), (y / far) * Math.min(radius, far)]
    }),
  ]
}

/** Grey dilation by a round pen tip, or erosion where `pixels` is negative. */
function stroke(image, pixels) {
  const wide = SIZE + 2 * REACH + 1
  const sign = pixels < 0 ? -1 : 1
  const framed = new Float64Array(wide * wide)
  for (let at = 0; at < CELLS; at++)
    framed[(Math.floor(at / SIZE) + REACH) * wide + (at % SIZE) + REACH] = sign * image[at]
  const changed = image.map((ink) => sign * ink)
  for (const [x, y] of tip(Math.abs(pixels) / 2)) {
    const [left, top] = [Math.floor(x), Math.floor(y)]
    const [across, down] = [x - left, y - top]
    const [a, b, c, d] = [(1 - across) * (1 - down), across * (1 - down), (1 - across) * down, across * down]
    for (let row = 0, to = 0; row < SIZE; row++)
      for (let column = 0, from = (row + top + REACH) * wide + left + REACH; column < SIZE; column++, to++, from++) {
        const ink = a * framed[from] + b * framed[from + 1] + c * framed[from + wide] + d * framed[from + wide + 1]
        if (ink > changed[to]) changed[to] = ink
      }
  }
  return changed.map((ink) => sign * ink)
}

// --- Scaled and centred again ----------------------------------------------------------------------------------------

/** The picture scaled and centred again as MNIST's were; null if no digit is found in it, as under noise. */
export function centred(image) {
  const ink = inkOf(image)
  if (!ink) return null
  const found = read({ height: SIZE, width: SIZE, values: ink }, true, 0)
  return found.reason ? null : found.centred
}

/** How much ink there is at each pixel, whichever of paper and pen is the lighter one, as lenet.ink.read_cells finds it. */
function inkOf(light) {
  const paper = paperOf(light)
  const apart = Float32Array.from(light, (value, at) => value - paper[at])
  const [most, least] = [Math.max(...apart), Math.min(...apart)]
  let lighter = Math.abs(most) >= Math.abs(least)
  if (Math.min(Math.abs(most), Math.abs(least)) > LEAST_CONTRAST) {
    const count = (test) => apart.reduce((sum, value) => sum + test(value), 0)
    lighter = count((value) => value > LEAST_CONTRAST) > count((value) => value < -LEAST_CONTRAST)
  }
  const ink = apart.map((value) => Math.max(0, lighter ? value : -value))
  let top = Math.max(...ink)
  if (top < LEAST_CONTRAST) return null
  const grain = 2 * percentile(border(ink), 75) // of the paper; a drawing has none
  if (grain > 0.02) {
    const strong = ink.filter((value) => value > Math.max(grain, top / 2))
    if (strong.length) top = percentile(strong, 50)
    const faint = Math.max(grain, 0.25 * top)
    for (let at = 0; at < CELLS; at++) if (ink[at] < faint) ink[at] = 0
  }
  return ink.map((value) => limited(value / top))
}

/** Lightness of the sheet: one number for a drawing, a slow gradient where the border is uneven. */
function paperOf(light) {
  const edge = border(light)
  if (percentile(edge, 80) - percentile(edge, 20) < 0.02) return new Float32Array(CELLS).fill(percentile(edge, 50))
  const side = Math.floor(SIZE / 8)
  const { values } = resize({ height: SIZE, width: SIZE, values: light }, side, side)
  const near = (at) => Math.min(side - 1, Math.max(0, at))
  const slow = values.map((_, at) => {
    const [row, column] = [Math.floor(at / side), at % side]
    const around = [-1, 0, 1].flatMap((i) => [-1, 0, 1].map((j) => values[near(row + i) * side + near(column + j)]))
    return percentile(around, 50)
  })
  return resize({ height: side, width: side, values: slow }, SIZE, SIZE).values
}

function border(image) {
  const line = (from, step) => Array.from({ length: SIZE }, (_, at) => image[from + at * step])
  return [...line(0, 1), ...line(CELLS - SIZE, 1), ...line(0, SIZE), ...line(SIZE - 1, SIZE)]
}

/** Between the two values nearest to that share, linearly. */
function percentile(values, percent) {
  const sorted = Float64Array.from(values).sort()
  const place = ((sorted.length - 1) * percent) / 100
  const below = Math.floor(place)
  const above = Math.min(sorted.length - 1, below + 1)
  return sorted[below] + (place - below) * (sorted[above] - sorted[below])
}

// --- Sweeps ----------------------------------------------------------------------------------------------------------

/** Going out from place `at` to either end: where the answer first is another one, or null. */
export function firstChanges(answers, at) {
  const first = (places) => places.find((place) => answers[place] !== answers[at]) ?? null
  return sides(answers, at).map(first)
}

/** Going out from place `at` to either end: where the answer first changes and never changes back, or null. */
export function breakPoints(answers, at) {
  return sides(answers, at).map((places) => {
    const last = places.findLastIndex((place) => answers[place] === answers[at])
    return places[last + 1] ?? null
  })
}

/** The places on either side of `at`, from there outwards. */
function sides(answers, at) {
  const places = answers.map((_, place) => place)
  return [places.slice(0, at).reverse(), places.slice(at + 1)]
}

/** Runs of equal answers: { from, to (the last place), answer }. */
export function runsOf(answers) {
  const runs = []
  answers.forEach((answer, place) => {
    if (runs.at(-1)?.answer === answer) runs.at(-1).to = place
    else runs.push({ from: place, to: place, answer })
  })
  return runs
}

/** The amount for people, with its sign and unit: +3.5 pixels, × 0.8. lenet.probes.stress writes the same. */
export function show({ unit, low }, amount) {
  const number = `${Number(amount.toPrecision(3))}`
  if (unit === "×") return `× ${number}`
  const sign = low < 0 && amount > 0 ? "+" : ""
  return `${sign}${number}${unit === "°" ? "" : " "}${unit}`.replace("-", "−")
}
