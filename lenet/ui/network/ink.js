// From the strokes of a pen to the 28 × 28 image that a network reads, step by step as lenet/strokes.py and
// lenet/ink.py do it. A stroke is { points: [x, y, x, y, …], width, erase }, in pixels of the board, or { picture }, what
// was on the board before the pen.

import { decodedBytes } from "./dom.js"

export const SIDE = 320 // pixels of the board
export const SIZE = 28 // pixels of the final picture
export const PEN = 20 // pixels of the board
const THICKEST = 0.25 // of the path's longer side, 0.2 of the drawing's: a small one is read as if its pen were no thicker
const BOX = 20 // pixels of the digit's longer side
export const INK = 0.3 // of the full ink: from here on a pixel counts as ink
const FAINT = 0.01 // of the full ink: the digit ends where it is fainter
export const STRAY = 0.2 // a spot whose longer side is less than this share of the largest stroke's is dropped
const ROUND = 1.7 // a shape no longer than this many times its own thickness is a dot, not a digit
const THINNEST = 1.4 // pixels in the final picture; thinner strokes are thickened to this
const VERSION = "1"
const STEP = 0.5 // pixels: a link keeps points this exactly
const TIE = 1e-4 // pixels: a centre of mass between two pixels goes to one side, whatever the last bit of a sum says

export const grid = (height, width, values = new Float32Array(height * width)) => ({ height, width, values })

/** A sheet of ink that grows with the pen: only the pieces that are new are drawn. */
export class Sheet {
  constructor() {
    this.grid = grid(SIDE, SIDE)
    this.strokes = []
    this.points = 0 // numbers of the last stroke that are drawn already
    this.widest = Infinity // pixels of the pen, see widestPen
    this.thinned = false // whether a stroke is drawn thinner than its pen
  }

  /** Show these strokes; what was there before them must be a beginning of them, or all is drawn anew. */
  show(strokes) {
    const { length } = this.strokes
    const grown = strokes.length >= length && this.strokes.every((stroke, at) => stroke === strokes[at])
    const widest = widestPen(strokes)
    const thinned = strokes.some(({ width, erase }) => !erase && width > widest)
    const anew = (thinned || this.thinned) && widest !== this.widest
    this.widest = widest
    this.thinned = thinned
    if (!grown || anew) {
      this.grid.values.fill(0)
      this.strokes = []
      this.points = 0
    }
    for (let at = Math.max(0, this.strokes.length - 1); at < strokes.length; at++) {
      const done = at < this.strokes.length ? this.points : 0
      this.#draw(strokes[at], done)
      this.points = strokes[at].points.length
    }
    this.strokes = [...strokes]
    return this.grid
  }

  #draw({ points, width, erase, picture }, done) {
    if (picture) {
      const cells = decodedBytes(picture)
      const nearest = (place) => Math.floor((place * SIZE) / SIDE)
      for (let r = 0; r < SIDE; r++)
        for (let c = 0; c < SIDE; c++) this.grid.values[r * SIDE + c] = cells[nearest(r) * SIZE + nearest(c)] / 255
    }
    const radius = (erase ? width : Math.min(width, this.widest)) / 2
    if (points.length === 2 && done < 2)
      segment(this.grid.values, points[0], points[1], points[0], points[1], radius, erase)
    for (let at = Math.max(2, done); at < points.length; at += 2)
      segment(this.grid.values, points[at - 2], points[at - 1], points[at], points[at + 1], radius, erase)
  }
}

/** How wide a pen may be in this drawing, in pixels; infinite over a picture and for a mere dot. */
function widestPen(strokes) {
  let [left, top, right, bottom, width] = [Infinity, Infinity, -Infinity, -Infinity, 0]
  for (const stroke of strokes) {
    if (stroke.erase) continue
    if (stroke.picture) return Infinity
    width = Math.max(width, stroke.width)
    for (let at = 0; at < stroke.points.length; at += 2) {
      const [x, y] = [stroke.points[at], stroke.points[at + 1]]
      if (x < left) left = x
      if (x > right) right = x
      if (y < top) top = y
      if (y > bottom) bottom = y
    }
  }
  const side = Math.max(right - left, bottom - top)
  return width && side + width > ROUND * width ? THICKEST * side : Infinity
}

/** Ink the neighbourhood of one straight piece of a stroke, or take the ink away there. */
function segment(values, x1, y1, x2, y2, radius, erase) {
  const reach = radius + 1
  const left = Math.max(0, Math.floor(Math.min(x1, x2) - reach))
  const right = Math.min(SIDE, Math.ceil(Math.max(x1, x2) + reach))
  const top = Math.max(0, Math.floor(Math.min(y1, y2) - reach))
  const bottom = Math.min(SIDE, Math.ceil(Math.max(y1, y2) + reach))
  const [dx, dy] = [x2 - x1, y2 - y1]
  const length = dx * dx + dy * dy
  for (let r = top; r < bottom; r++)
    for (let c = left; c < right; c++) {
      const x = c + 0.5 - x1
      const y = r + 0.5 - y1
      const along = length > 0 ? Math.min(1, Math.max(0, (x * dx + y * dy) / length)) : 0
      const [h, v] = [x - along * dx, y - along * dy]
      const cover = Math.min(1, Math.max(0, radius + 0.5 - Math.sqrt(h * h + v * v)))
      const at = r * SIDE + c
      if (erase) values[at] = Math.min(values[at], 1 - cover)
      else if (cover > values[at]) values[at] = cover
    }
}

/** The stages from the ink on the board to what a network sees: { raw, cropped, scaled, centred }, 784 numbers each;
 *  or { reason }: blank or dot, where there is no digit. With `only` the last stage alone; tie: pixels that are added to
 *  the centre of mass before it is rounded. */
export function read(sheet, only = false, tie = TIE) {
  const kept = withoutStrays(sheet)
  if (kept.reason) return kept
  const crop = cropOf(kept)
  const small = scaledTo(crop, BOX)
  const centred = byMass(small, tie)
  if (only) return { centred }
  return { raw: resize(kept, SIZE, SIZE).values, cropped: middle(scaledTo(crop, SIZE)), scaled: middle(small), centred }
}

/** Without the spots that are no strokes. */
export function withoutStrays(sheet) {
  const { labels, boxes, areas } = components(sheet)
  if (!boxes.length) return { reason: "blank" }
  const sizes = boxes.map(([top, left, bottom, right]) => Math.max(bottom - top, right - left))
  const largest = sizes.indexOf(Math.max(...sizes))
  // A spot of depth d holds a square of 2 d - 1 pixels: most drawings are too thin for a dot at first sight.
  const large = Math.max(sheet.height, sheet.width) > SIZE // what is as small as the final picture has no dots
  if (large && sizes[largest] <= ROUND * (Math.sqrt(areas[largest]) + 1)) {
    const thickness = 2 * deepest(labels, sheet.width, boxes[largest], largest + 1)
    if (sizes[largest] <= ROUND * thickness) return { reason: "dot" }
  }
  const stray = sizes.map((size) => size < STRAY * sizes[largest])
  if (!stray.includes(true)) return sheet
  const { height, width } = sheet
  const values = sheet.values.slice()
  for (let r = 0; r < height; r++)
    for (let c = 0; c < width; c++) {
      const label = labels[r * width + c]
      if (!label || !stray[label - 1]) continue
      for (
        let i = -2;
        i <= 2;
        i++ // the soft edge too, as two dilations by a cross reach
      )
        for (let j = Math.abs(i) - 2; j <= 2 - Math.abs(i); j++) {
          const [row, column] = [r + i, c + j]
          if (row < 0 || column < 0 || row >= height || column >= width) continue
          const there = labels[row * width + column]
          if (!there || stray[there - 1]) values[row * width + column] = 0
        }
    }
  return grid(height, width, values)
}

/** Spots of ink that hang together, corners included: a label for each pixel; their boxes in the order of their first
 *  pixel, [top, left, bottom, right]; their sizes in pixels. */
export function components({ height, width, values }) {
  const labels = new Int32Array(height * width)
  const parents = [0] // of provisional labels; the smaller one is the parent
  const root = (label) => {
    let at = label
    while (parents[at] !== at) at = parents[at]
    return at
  }
  for (let r = 0, at = 0; r < height; r++)
    for (let c = 0; c < width; c++, at++) {
      if (values[at] < INK) continue
      const up = at - width
      // The pixel above touches all others that may be known, so only without it two spots can meet here.
      let label = r > 0 ? labels[up] : 0
      if (!label) {
        const left = c > 0 ? labels[at - 1] || (r > 0 ? labels[up - 1] : 0) : 0
        const right = r > 0 && c < width - 1 ? labels[up + 1] : 0
        label = left || right
        if (left && right && left !== right) {
          const [a, b] = [root(left), root(right)]
          parents[Math.max(a, b)] = Math.min(a, b)
        }
      }
      if (!label) {
        label = parents.length
        parents.push(label)
      }
      labels[at] = label
    }
  const final = new Int32Array(parents.length)
  const boxes = []
  const sizes = []
  for (let r = 0, at = 0; r < height; r++)
    for (let c = 0; c < width; c++, at++) {
      if (!labels[at]) continue
      const first = root(labels[at])
      if (!final[first]) {
        boxes.push([r, c, 0, 0])
        sizes.push(0)
        final[first] = boxes.length
      }
      const label = final[first]
      labels[at] = label
      const box = boxes[label - 1]
      sizes[label - 1]++
      box[2] = r + 1
      if (c < box[1]) box[1] = c
      if (c >= box[3]) box[3] = c + 1
    }
  return { labels, boxes, areas: sizes }
}

/** The chessboard distance of the innermost pixel of a spot from its outside. */
function deepest(labels, width, [top, left, bottom, right], label) {
  const [high, wide] = [bottom - top + 2, right - left + 2]
  const far = new Int32Array(high * wide)
  for (let r = 1; r < high - 1; r++)
    for (let c = 1; c < wide - 1; c++)
      if (labels[(top + r - 1) * width + left + c - 1] === label) {
        const up = (r - 1) * wide + c
        far[r * wide + c] = 1 + Math.min(far[up - 1], far[up], far[up + 1], far[r * wide + c - 1])
      }
  let most = 0
  for (let r = high - 2; r > 0; r--)
    for (let c = wide - 2; c > 0; c--) {
      const at = r * wide + c
      if (!far[at]) continue
      const down = at + wide
      far[at] = Math.min(far[at], 1 + Math.min(far[down - 1], far[down], far[down + 1], far[at + 1]))
      if (far[at] > most) most = far[at]
    }
  return most
}

/** The part of the sheet that has ink, however faint at its edge. */
export function cropOf({ height, width, values }) {
  let [top, left, bottom, right] = [height, width, 0, 0]
  for (let r = 0; r < height; r++)
    for (let c = 0; c < width; c++) {
      if (!(values[r * width + c] > FAINT)) continue
      if (r < top) top = r
      if (r >= bottom) bottom = r + 1
      if (c < left) left = c
      if (c >= right) right = c + 1
    }
  const crop = grid(bottom - top, right - left)
  for (let r = top; r < bottom; r++)
    crop.values.set(values.subarray(r * width + left, r * width + right), (r - top) * crop.width)
  return crop
}

/** The crop with its longer side at `longest` pixels. If that shrinks it, strokes that would become thinner than
 *  MNIST's are thickened first, and the strongest pixel becomes 1. */
export function scaledTo(crop, longest) {
  let from = crop
  let factor = longest / Math.max(crop.height, crop.width)
  if (factor < 1) {
    const thickness = thicknessOf(crop) * factor
    const grow = thickness < THINNEST ? round((THINNEST - thickness) / factor / 2) : 0
    if (grow) {
      from = dilate(crop, grow)
      factor = longest / Math.max(from.height, from.width)
    }
  }
  const small = resize(from, Math.max(1, round(from.height * factor)), Math.max(1, round(from.width * factor)))
  if (factor >= 1) return small
  const most = Math.max(1e-6, ...small.values)
  for (let at = 0; at < small.values.length; at++) small.values[at] = Math.min(1, Math.max(0, small.values[at] / most))
  return small
}

/** To the nearest whole number, halves to the even one, as Python rounds. */
export function round(value) {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 ? floor + 1 : floor
}

/** Thickness of the strokes in pixels: the median along their middle lines. */
export function thicknessOf(crop) {
  if (crop.thickness) return crop.thickness // asked for twice, for two scales
  const wide = crop.width + 2
  const far = squaredDistances(crop)
  const ridge = []
  for (let r = 1; r <= crop.height; r++)
    for (let c = 1; c <= crop.width; c++) {
      const at = r * wide + c
      const here = far[at]
      if (!here) continue
      if (far[at - wide - 1] > here || far[at - wide] > here || far[at - wide + 1] > here) continue
      if (far[at - 1] > here || far[at + 1] > here) continue
      if (far[at + wide - 1] > here || far[at + wide] > here || far[at + wide + 1] > here) continue
      ridge.push(here)
    }
  ridge.sort((a, b) => a - b)
  const half = ridge.length >> 1
  const median = ridge.length % 2 ? Math.sqrt(ridge[half]) : (Math.sqrt(ridge[half - 1]) + Math.sqrt(ridge[half])) / 2
  crop.thickness = Math.max(2 * median - 1, 1)
  return crop.thickness
}

/** Of each pixel of the crop with a margin of one, the squared distance to the nearest one without ink. First along the
 *  columns, then by lower envelopes along the rows (P. Felzenszwalb, D. Huttenlocher, 2012). */
function squaredDistances({ height, width, values }) {
  const [high, wide] = [height + 2, width + 2]
  const far = new Float64Array(high * wide)
  for (let c = 1; c <= width; c++) {
    for (let r = 1, run = 0; r <= height; r++) {
      run = values[(r - 1) * width + c - 1] >= INK ? run + 1 : 0
      far[r * wide + c] = run
    }
    for (let r = height, run = 0; r > 0; r--) {
      run = far[r * wide + c] ? run + 1 : 0
      const nearer = Math.min(far[r * wide + c], run)
      far[r * wide + c] = nearer * nearer
    }
  }
  const line = new Float64Array(wide)
  const place = new Int32Array(wide)
  const border = new Float64Array(wide + 1)
  for (let r = 1; r <= height; r++)
    for (let c = 1; c <= width; c++) {
      if (!far[r * wide + c]) continue
      let end = c
      while (far[r * wide + end]) end++ // a run of ink; beyond it nothing is nearer than its two ends
      envelope(far, r * wide + c - 1, end - c + 2, line, place, border)
      c = end
    }
  return far
}

/** Replace `count` numbers from `start` on by the least of number + squared distance of its place. */
function envelope(far, start, count, line, place, border) {
  for (let c = 0; c < count; c++) line[c] = far[start + c]
  let k = 0
  place[0] = 0
  border[0] = -Infinity
  border[1] = Infinity
  for (let c = 1; c < count; c++) {
    let meet = (line[c] + c * c - line[place[k]] - place[k] * place[k]) / (2 * (c - place[k]))
    while (meet <= border[k]) {
      k--
      meet = (line[c] + c * c - line[place[k]] - place[k] * place[k]) / (2 * (c - place[k]))
    }
    k++
    place[k] = c
    border[k] = meet
    border[k + 1] = Infinity
  }
  for (let c = 0, at = 0; c < count; c++) {
    while (border[at + 1] < c) at++
    far[start + c] = (c - place[at]) * (c - place[at]) + line[place[at]]
  }
}

/** The crop with a margin, each pixel the largest within a disc. */
function dilate({ height, width, values }, radius) {
  const out = grid(height + 2 * radius, width + 2 * radius)
  const disc = []
  for (let i = -radius; i <= radius; i++)
    for (let j = -radius; j <= radius; j++) if (i * i + j * j <= radius * radius + radius) disc.push(i * out.width + j)
  for (let r = 0; r < height; r++)
    for (let c = 0; c < width; c++) {
      const value = values[r * width + c]
      if (!value) continue
      const at = (r + radius) * out.width + c + radius
      for (let k = 0; k < disc.length; k++) if (value > out.values[at + disc[k]]) out.values[at + disc[k]] = value
    }
  return out
}

/** Antialiased, as Pillow's bicubic filter with a reducing gap of three: boxes first where much smaller is asked for. */
export function resize(from, height, width) {
  if (from.height === height && from.width === width) return grid(height, width, from.values.slice())
  const across = Math.max(1, Math.floor(from.width / width / 3))
  const down = Math.max(1, Math.floor(from.height / height / 3))
  const [high, wide] = [from.height / down, from.width / across] // of the part of the reduced picture that is used
  const reduced = across > 1 || down > 1 ? reduce(from, across, down) : from
  const narrow = grid(reduced.height, width)
  const columns = weights(reduced.width, wide, width)
  for (let r = 0; r < reduced.height; r++)
    for (let c = 0; c < width; c++) {
      const { first, shares } = columns[c]
      let total = 0
      for (let i = 0; i < shares.length; i++) total += reduced.values[r * reduced.width + first + i] * shares[i]
      narrow.values[r * width + c] = total
    }
  const out = grid(height, width)
  const rows = weights(reduced.height, high, height)
  for (let r = 0; r < height; r++) {
    const { first, shares } = rows[r]
    for (let c = 0; c < width; c++) {
      let total = 0
      for (let i = 0; i < shares.length; i++) total += narrow.values[(first + i) * width + c] * shares[i]
      out.values[r * width + c] = Math.min(1, Math.max(0, total))
    }
  }
  return out
}

/** Means of boxes; those at the right and lower edge may be smaller. */
function reduce({ height, width, values }, across, down) {
  const out = grid(Math.ceil(height / down), Math.ceil(width / across))
  for (let r = 0; r < out.height; r++)
    for (let c = 0; c < out.width; c++) {
      const [bottom, right] = [Math.min(height, (r + 1) * down), Math.min(width, (c + 1) * across)]
      let total = 0
      for (let i = r * down; i < bottom; i++) for (let j = c * across; j < right; j++) total += values[i * width + j]
      out.values[r * out.width + c] = total / ((bottom - r * down) * (right - c * across))
    }
  return out
}

function cubic(x) {
  const far = Math.abs(x)
  if (far < 1) return (1.5 * far - 2.5) * far * far + 1
  return far < 2 ? ((-0.5 * far + 2.5) * far - 4) * far + 2 : 0
}

/** For each of `count` places, which of `size` values it takes and in what shares, where `length` of them are used. */
function weights(size, length, count) {
  const step = length / count
  const wide = Math.max(1, step)
  return Array.from({ length: count }, (_, at) => {
    const centre = (at + 0.5) * step
    const first = Math.max(0, Math.trunc(centre - 2 * wide + 0.5))
    const last = Math.min(size, Math.trunc(centre + 2 * wide + 0.5))
    const shares = Array.from({ length: last - first }, (__, i) => cubic((first + i - centre + 0.5) / wide))
    const total = shares.reduce((sum, share) => sum + share, 0)
    return { first, shares: shares.map((share) => share / total) }
  })
}

const middle = (small) => placed(small, Math.floor((SIZE - small.height) / 2), Math.floor((SIZE - small.width) / 2))

/** The middle of the picture is where the centre of mass goes, as far as nothing is cut off. */
function byMass(small, tie) {
  const { height, width, values } = small
  let [mass, down, across] = [0, 0, 0]
  for (let r = 0; r < height; r++)
    for (let c = 0; c < width; c++) {
      mass += values[r * width + c]
      down += r * values[r * width + c]
      across += c * values[r * width + c]
    }
  const start = (centre, side) => Math.min(SIZE - side, Math.max(0, Math.floor(SIZE / 2 - centre + 0.5 + tie)))
  return placed(small, start(down / mass, height), start(across / mass, width))
}

function placed({ height, width, values }, top, left) {
  const sheet = new Float32Array(SIZE * SIZE)
  for (let r = 0; r < height; r++) sheet.set(values.subarray(r * width, (r + 1) * width), (top + r) * SIZE + left)
  return sheet
}

// --- A drawing as text, for links ------------------------------------------------------------------------------------

/** The strokes of a text that lenet.strokes.encode made; an empty list for any other. */
export function decode(text) {
  if (!text.startsWith(VERSION)) return []
  const data = Uint8Array.from(atob(text.slice(1).replaceAll("-", "+").replaceAll("_", "/")), (letter) =>
    letter.charCodeAt(0),
  )
  let at = 0
  const number = () => {
    let [value, shift] = [0, 0]
    while (at < data.length) {
      value |= (data[at] & 127) << shift
      shift += 7
      if (data[at++] < 128) break
    }
    return value
  }
  const step = (value) => (value % 2 ? -(value + 1) / 2 : value / 2)
  const strokes = []
  while (at < data.length) {
    const head = number()
    if (head === 0) {
      const picture = btoa(String.fromCharCode(...data.subarray(at, (at += SIZE * SIZE))))
      strokes.push({ points: [], width: PEN, erase: false, picture })
      continue
    }
    const width = number()
    const points = []
    let [x, y] = [0, 0]
    for (let point = 0; point < Math.floor(head / 2); point++) {
      x += step(number())
      y += step(number())
      points.push(x * STEP, y * STEP)
    }
    strokes.push({ points, width, erase: head % 2 === 1 })
  }
  return strokes
}

/** The drawing as text for a link, as lenet.strokes.encode writes it: points to half a pixel, only those that the shape
 *  needs. */
export function encode(strokes) {
  const bytes = []
  const number = (value) => {
    for (; value > 127; value >>= 7) bytes.push((value & 127) | 128)
    bytes.push(value)
  }
  for (const { points, width, erase, picture } of strokes) {
    if (picture) {
      number(0)
      for (const letter of atob(picture)) bytes.push(letter.charCodeAt(0))
      continue
    }
    const kept = simplified(points)
    number(2 * kept.length + (erase ? 1 : 0))
    number(Math.round(width))
    let before = [0, 0]
    for (const at of kept) {
      const point = [0, 1].map((axis) => Math.round(points[2 * at + axis] / STEP))
      for (const axis of [0, 1]) {
        const step = point[axis] - before[axis]
        number(step >= 0 ? 2 * step : -2 * step - 1)
      }
      before = point
    }
  }
  const text = bytes.map((byte) => String.fromCharCode(byte)).join("")
  return VERSION + btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
}

/** The numbers of the points that do not lie within a pixel of the line between their neighbours (Douglas, Peucker). */
function simplified(points) {
  const last = points.length / 2 - 1
  const keep = new Set([0, last])
  const spans = [[0, last]]
  while (spans.length) {
    const [from, to] = spans.pop()
    const [x1, y1, x2, y2] = [from, to].flatMap((at) => [points[2 * at], points[2 * at + 1]])
    const length = Math.hypot(x2 - x1, y2 - y1)
    let [farthest, most] = [from, 1]
    for (let at = from + 1; at < to; at++) {
      const [x, y] = [points[2 * at], points[2 * at + 1]]
      const away = length ? Math.abs((x2 - x1) * (y1 - y) - (x1 - x) * (y2 - y1)) / length : Math.hypot(x - x1, y - y1)
      if (away > most) [farthest, most] = [at, away]
    }
    if (farthest === from) continue
    keep.add(farthest)
    spans.push([from, farthest], [farthest, to])
  }
  return [...keep].sort((a, b) => a - b)
}
