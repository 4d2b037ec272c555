// What kernels answer to bars at different angles, as lenet/probes/kernels.py measures it. Nothing here touches the page.

import { KINDS } from "../layers.js"

export const ANGLES = Array.from({ length: 18 }, (_, at) => 10 * at) // degrees; 0 lies level, 45 rises to the right
const [LENGTH, WIDTH] = [16, 2.5] // pixels; about a stroke of MNIST
const SIDE = 28

/** A white bar through the middle of a black picture, soft at the edge. */
export function bar(angle) {
  const [cos, sin] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)]
  return Float32Array.from({ length: SIDE * SIDE }, (_, at) => {
    const [down, right] = [Math.floor(at / SIDE) - (SIDE - 1) / 2, (at % SIDE) - (SIDE - 1) / 2]
    const [along, across] = [right * cos - down * sin, right * sin + down * cos]
    const inside = Math.min(LENGTH / 2 - Math.abs(along), WIDTH / 2 - Math.abs(across))
    return Math.min(1, Math.max(0, inside + 0.5))
  })
}

/** For each kernel of the stage, by angle, how much the largest number of its map, before the nonlinearity, exceeds that
 *  of an empty picture. Overwrites what the network last read. */
export function answersToBars(net, number) {
  const { shape, values } = net.stages[number]
  const cells = shape[1] * shape[2]
  const largest = (image) => {
    net.stages[0].values.set(image)
    for (const stage of net.stages.slice(1, number + 1))
      KINDS[stage.kind].forward(stage, net.stages[stage.number - 1], net)
    return Array.from({ length: shape[0] }, (_, kernel) =>
      values.subarray(kernel * cells, (kernel + 1) * cells).reduce((most, one) => Math.max(most, one), -Infinity),
    )
  }
  const empty = largest(new Float32Array(SIDE * SIDE))
  const answers = ANGLES.map((angle) => largest(bar(angle)))
  return empty.map((nothing, kernel) => answers.map((one) => one[kernel] - nothing))
}
