// The patches of pictures that each kernel answers to most. Nothing here touches the page.

import { KINDS } from "../layers.js"
import { PIXELS } from "./score.js"

export const STRONGEST = 9 // patches for each kernel
const SIDE = 28

/** The square of pixels that a cell of a stage looks at: { start, size, step }, so that the one of row r begins at
 *  start + r × step, which may lie outside of the picture. */
export function fieldOf(stages, number) {
  let [start, size, step] = [0, 1, 1]
  for (const { kind, window } of stages.slice(1, number + 1)) {
    if (!KINDS[kind].slides) continue
    const [kernel, stride, padding] = window
    start -= padding * step
    size += (kernel - 1) * step
    step *= stride
  }
  return { start, size, step }
}

/** For each convolution of the network what each of its kernels makes most of, one cell of a picture at most:
 *  { stage: [[{ picture, cell, value }]] }, the largest value first, before the nonlinearity. */
export function* strongest(net, { labels, pixels }) {
  const convolutions = net.stages.filter(({ kind }) => kind === "conv")
  const last = convolutions.at(-1).number
  const found = Object.fromEntries(
    convolutions.map(({ number, shape }) => [number, Array.from({ length: shape[0] }, () => [])]),
  )
  for (let picture = 0; picture < labels.length; picture++) {
    const image = net.stages[0].values
    for (let at = 0; at < PIXELS; at++) image[at] = pixels[picture * PIXELS + at] / 255
    for (const stage of net.stages.slice(1, last + 1))
      KINDS[stage.kind].forward(stage, net.stages[stage.number - 1], net)
    for (const { number, shape, values } of convolutions)
      for (let kernel = 0, cells = shape[1] * shape[2]; kernel < shape[0]; kernel++) {
        let best = kernel * cells
        for (let cell = best; cell < (kernel + 1) * cells; cell++) if (values[cell] > values[best]) best = cell
        keep(found[number][kernel], { picture, cell: best % cells, value: values[best] })
      }
    yield found
  }
}

function keep(list, one) {
  if (list.length === STRONGEST && list.at(-1).value >= one.value) return
  const at = list.findIndex(({ value }) => value < one.value)
  list.splice(at < 0 ? list.length : at, 0, one)
  if (list.length > STRONGEST) list.pop()
}

/** The pixels of a patch, [size × size] in 0 to 1, black where it reaches over the edge. */
export function patchOf({ pixels }, { picture, cell }, { start, size, step }, columns) {
  const [top, left] = [Math.floor(cell / columns), cell % columns].map((at) => start + at * step)
  const patch = new Float32Array(size * size)
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const [y, x] = [top + row, left + column]
      if (y >= 0 && x >= 0 && y < SIDE && x < SIDE)
        patch[row * size + column] = pixels[picture * PIXELS + y * SIDE + x] / 255
    }
  return patch
}
