// Several digits in one drawing: where to cut it. The same cuts as lenet/splitting.py finds, which says why.

import { components, grid, INK, read, STRAY, thicknessOf } from "./ink.js"

const TALL = 0.45 // of the height of the tallest: what is less tall is a part of a digit
const SAME = 0.5 // of the narrower one's width: strokes above one another that far are one digit
export const MOST = 8 // digits of one drawing
const ROWS = 48 // cells of the grid on which cuts are sought
const THROUGH = [0.35, 0.5, 0.65] // of the height: a cut is sought through each place of these rows
const SIDEWAYS = 0.03 // what a step to the side costs, in cells full of ink
const NARROWEST = 0.6 // width against height: narrower ink is not cut
const LOWEST = 2.5 // times the thickness of its strokes: what is lower is a dot or a dash
const DOUBT = 2 // temperature
const LEAST = 1e-6 // probability
const BETTER = 0.01 // a cut is preferred to an earlier one only by so much
const [OFFSET, LOWER, WIDER, ASPECT, CROSSED, HALVES, WHOLE] = [-6.9, 6.2, -4.1, 5.8, -1.0, 3.6, -4.3]

/** The digits of a sheet of ink: { parts: sheets from left to right, cuts: [[x, y], …] between each and the next,
 *  many: whether there are more than MOST, which stay one part }.
 *  probabilities: what the network that judges gives a 28 × 28 picture, or null where there is none yet. */
export function split(sheet, probabilities) {
  const apart = separate(sheet)
  const parts = probabilities ? apart.flatMap((part) => touching(part, probabilities)) : apart
  if (parts.length < 2 || parts.length > MOST) return { parts: [sheet], cuts: [], many: parts.length > MOST }
  return { parts, cuts: parts.slice(1).map((right, at) => between(parts[at], right)), many: false }
}

// --- Digits that lie apart -------------------------------------------------------------------------------------------

/** One sheet for each group of strokes that lies beside the others; a pixel belongs to the group that is nearest. */
function separate(sheet) {
  const { labels, boxes } = components(sheet)
  const groups = groupsOf(boxes)
  if (groups.length < 2) return [sheet]
  const far = groups.map((group) => steps(sheet, labels, new Set(group.map((spot) => spot + 1))))
  const parts = groups.map(() => grid(sheet.height, sheet.width))
  for (let at = 0; at < sheet.values.length; at++) {
    if (!sheet.values[at]) continue
    let owner = 0
    for (let group = 1; group < groups.length; group++) if (far[group][at] < far[owner][at]) owner = group
    parts[owner].values[at] = sheet.values[at]
  }
  return parts
}

/** Which spots of ink are one digit, from left to right. */
function groupsOf(boxes) {
  const heights = boxes.map(([top, , bottom]) => bottom - top)
  const sizes = boxes.map(([, left, , right], spot) => Math.max(heights[spot], right - left))
  const strokes = boxes.map((_, spot) => spot).filter((spot) => sizes[spot] >= STRAY * Math.max(...sizes))
  const highest = Math.max(...strokes.map((spot) => heights[spot]))
  const tall = strokes.filter((spot) => heights[spot] >= TALL * highest)
  const middle = (spot) => boxes[spot][1] + boxes[spot][3]
  const groups = []
  for (const spot of [...tall].sort((a, b) => middle(a) - middle(b) || a - b)) {
    if (groups.length && liesOver(boxes, groups.at(-1), spot)) groups.at(-1).push(spot)
    else groups.push([spot])
  }
  for (const spot of strokes.filter((one) => !tall.includes(one))) {
    const gaps = groups.map((group) => gap(around(boxes, group), boxes[spot]))
    groups[gaps.indexOf(Math.min(...gaps))].push(spot)
  }
  return groups
}

function liesOver(boxes, group, spot) {
  const [left, right] = around(boxes, group)
  const [, start, , end] = boxes[spot]
  return Math.min(right, end) - Math.max(left, start) > SAME * Math.min(right - left, end - start)
}

const around = (boxes, group) => [
  Math.min(...group.map((spot) => boxes[spot][1])),
  Math.max(...group.map((spot) => boxes[spot][3])),
]

const gap = ([left, right], [, start, , end]) => Math.max(left - end, start - right)

/** Of each pixel, how many steps of a king it is from the nearest one with one of these labels. */
function steps({ height, width }, labels, own) {
  const far = new Int32Array(height * width)
  const last = far.length - 1
  const most = height + width
  const look = (at, r, c, turn) => {
    // The neighbours that were visited before; `turn` is −1 on the way down, 1 on the way up.
    let least = far[at]
    if (r + turn >= 0 && r + turn < height) {
      const row = at + turn * width
      least = Math.min(least, far[row] + 1)
      if (c > 0) least = Math.min(least, far[row - 1] + 1)
      if (c < width - 1) least = Math.min(least, far[row + 1] + 1)
    }
    if (c + turn >= 0 && c + turn < width) least = Math.min(least, far[at + turn] + 1)
    far[at] = least
  }
  for (let r = 0, at = 0; r < height; r++)
    for (let c = 0; c < width; c++, at++) {
      far[at] = own.has(labels[at]) ? 0 : most
      look(at, r, c, -1)
    }
  for (let r = height - 1, at = last; r >= 0; r--) for (let c = width - 1; c >= 0; c--, at--) look(at, r, c, 1)
  return far
}

// --- Digits that touch -----------------------------------------------------------------------------------------------

/** The sheet, or its parts on both sides of the best cut that is worth it, each of them cut in the same way. */
function touching(sheet, probabilities, known = null, most = MOST) {
  const found = cellsOf(sheet)
  if (!found || found.width < NARROWEST * found.height || most < 2) return [sheet]
  found.thickness = thicknessOf(cropOf(found))
  if (found.height < LOWEST * found.thickness) return [sheet]
  const whole = known ?? sureness(sheet, probabilities)
  if (whole <= Math.log(LEAST)) return [sheet]
  const cuts = cutsOf(found)
    .map((cut) => ({ cut, worth: worthOf(found, cut, whole) }))
    .sort((a, b) => b.worth - a.worth)
  let best = 0
  let chosen = null
  for (const { cut, worth } of cuts) {
    if (worth <= best + (chosen ? BETTER : 0)) break // even if the network were sure of both sides
    const sides = sidesOf(found, cut)
    const sure = sides.map((side) => sureness(side, probabilities))
    const all = worth + HALVES * (sure[0] + sure[1])
    if (all > best + (chosen ? BETTER : 0)) [best, chosen] = [all, { sides, sure }]
  }
  if (!chosen) return [sheet]
  return chosen.sides.flatMap((side, at) => touching(side, probabilities, chosen.sure[at], most >> 1))
}

/** The logarithm of the largest probability, in doubt. */
function sureness(sheet, probabilities) {
  const { centred } = read(sheet, true)
  if (!centred) return Math.log(LEAST)
  const logs = Array.from(probabilities(centred), (chance) => Math.log(Math.max(chance, LEAST)) / DOUBT)
  return Math.max(...logs) - Math.log(logs.reduce((sum, log) => sum + Math.exp(log), 0))
}

/** The box of the ink, and how many pixels of each cell are ink, in 1/32 of a pixel. */
function cellsOf(sheet) {
  const { top, left, bottom, right } = boxOf(sheet)
  if (bottom < 0) return null
  const [height, width] = [bottom - top + 1, right - left + 1]
  const side = Math.max(1, Math.floor((2 * height + ROWS) / (2 * ROWS)))
  const [rows, columns] = [Math.ceil(height / side), Math.ceil(width / side)]
  const cells = new Float64Array(rows * columns)
  for (let r = 0; r < height; r++)
    for (let c = 0; c < width; c++)
      if (sheet.values[(top + r) * sheet.width + left + c] >= INK)
        cells[Math.floor(r / side) * columns + Math.floor(c / side)] += 32
  return { sheet, top, left, height, width, side, cells, rows, columns }
}

function boxOf({ height, width, values }) {
  let [top, left, bottom, right] = [height, width, -1, -1]
  for (let r = 0, at = 0; r < height; r++)
    for (let c = 0; c < width; c++, at++)
      if (values[at] >= INK) {
        if (r < top) top = r
        bottom = r
        if (c < left) left = c
        if (c > right) right = c
      }
  return { top, left, bottom, right }
}

const sidewaysOf = ({ side }) => Math.round(SIDEWAYS * 32 * side * side)

/** Paths from the upper edge to the lower one, the column in each row, no two the same. */
function cutsOf({ side, cells, rows, columns }) {
  const found = new Map()
  const row = (r) => cells.subarray(r * columns, (r + 1) * columns)
  for (const share of THROUGH) {
    const at = Math.floor(rows * share)
    const above = cheapest(
      Array.from({ length: at + 1 }, (_, r) => row(r)),
      sidewaysOf({ side }),
    )
    const below = cheapest(
      Array.from({ length: rows - at }, (_, r) => row(rows - 1 - r)),
      sidewaysOf({ side }),
    )
    const costs = above.costs.map((cost, column) => cost + below.costs[column] - row(at)[column])
    for (const column of valleys(costs)) {
      const cut = [...path(above.back, column).reverse(), ...path(below.back, column).slice(1)]
      found.set(cut.join(), cut)
    }
  }
  return [...found.values()]
}

/** The least that a path from the first row to each cell of the last one costs, and the step to where it came from. */
function cheapest(rows, sideways) {
  let costs = Float64Array.from(rows[0])
  const back = [new Int8Array(costs.length)]
  for (const row of rows.slice(1)) {
    const next = new Float64Array(costs.length)
    const step = new Int8Array(costs.length)
    for (let c = 0; c < next.length; c++) {
      next[c] = costs[c]
      for (const way of [-1, 1])
        if (costs[c + way] + sideways < next[c]) {
          next[c] = costs[c + way] + sideways
          step[c] = way
        }
      next[c] += row[c]
    }
    back.push(step)
    costs = next
  }
  return { costs, back }
}

/** The middle of each run of equal costs that is dearer on both sides. */
function valleys(costs) {
  const found = []
  let start = 1
  for (let column = 1; column < costs.length; column++) {
    if (costs[column] === costs[start]) continue
    if (costs[start] < costs[column] && (costs[start - 1] > costs[start] || start === 1))
      found.push((start + column - 1) >> 1)
    start = column
  }
  return found
}

/** From the last row to the first. */
function path(back, column) {
  const places = [column]
  for (let row = back.length - 1; row > 0; row--) places.push(places.at(-1) + back[row][places.at(-1)])
  return places
}

const edgeOf = ({ top, left, side }, cut, row) =>
  left + cut[Math.min(cut.length - 1, Math.max(0, Math.floor((row - top) / side)))] * side + (side >> 1)

/** The sheet left of the cut, and right of it. */
function sidesOf(found, cut) {
  const { height, width, values } = found.sheet
  const sides = [grid(height, width), grid(height, width)]
  for (let r = 0; r < height; r++) {
    const edge = r * width + Math.min(width, edgeOf(found, cut, r))
    sides[0].values.set(values.subarray(r * width, edge), r * width)
    sides[1].values.set(values.subarray(edge, (r + 1) * width), edge)
  }
  return sides
}

/** The boxes of the ink on both sides of a cut. */
function boxesOf(found, cut) {
  const { sheet, top, left, height, width } = found
  const boxes = [0, 1].map(() => ({ top: Infinity, left: Infinity, bottom: -1, right: -1 }))
  for (let r = top; r < top + height; r++) {
    const edge = edgeOf(found, cut, r)
    for (let c = left, at = r * sheet.width + left; c < left + width; c++, at++) {
      if (sheet.values[at] < INK) continue
      const box = c < edge ? boxes[0] : boxes[1]
      if (r < box.top) box.top = r
      if (r > box.bottom) box.bottom = r
      if (c < box.left) box.left = c
      if (c > box.right) box.right = c
    }
  }
  return boxes
}

/** What speaks for the cut before the network has seen its sides. */
function worthOf(found, cut, whole) {
  const boxes = boxesOf(found, cut)
  if (boxes.some(({ bottom }) => bottom < 0)) return -Infinity
  const { height, width, side, cells, columns } = found
  const lower = Math.min(...boxes.map(({ top, bottom }) => bottom - top + 1)) / height
  const wider = Math.max(...boxes.map(({ left, right }) => right - left + 1)) / height
  let [moves, cost] = [0, 0]
  cut.forEach((column, row) => {
    if (row) moves += Math.abs(column - cut[row - 1])
    cost += cells[row * columns + column]
  })
  const crossed = ((cost / (32 * side * side) + SIDEWAYS * moves) * side) / found.thickness
  return OFFSET + LOWER * lower + WIDER * wider + ASPECT * (width / height) + CROSSED * crossed + WHOLE * whole
}

function cropOf({ sheet, top, left, height, width }) {
  const crop = grid(height, width)
  for (let r = 0; r < height; r++) {
    const start = (top + r) * sheet.width + left
    crop.values.set(sheet.values.subarray(start, start + width), r * width)
  }
  return crop
}

// --- What is shown ---------------------------------------------------------------------------------------------------

/** A line from the top of both parts to their bottom, with as much room on its left as on its right. */
function between(left, right) {
  const boxes = [left, right].map(boxOf)
  const [last, first] = [boxes[0].right, boxes[1].left]
  const middle = Math.floor((last + first) / 2)
  const line = []
  const bottom = Math.max(boxes[0].bottom, boxes[1].bottom)
  for (let r = Math.min(boxes[0].top, boxes[1].top); r <= bottom; r++) {
    let low = Math.min(last, middle)
    let high = Math.max(first, middle)
    for (let c = left.width - 1; c >= 0; c--)
      if (left.values[r * left.width + c] >= INK) {
        low = c
        break
      }
    for (let c = 0; c < right.width; c++)
      if (right.values[r * right.width + c] >= INK) {
        high = c
        break
      }
    line.push([Math.min(Math.max(Math.floor((low + high + 1) / 2), Math.min(last, first)), Math.max(last, first)), r])
  }
  return [line[0], ...line.slice(4, -1).filter((_, at) => at % 8 === 0), line.at(-1)]
}
