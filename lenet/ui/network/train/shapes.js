// The layers of a network that is being built: their sizes and what they cost, at once, while a control moves. The server
// has the last word (lenet/variant.py); a test holds the two against each other. Nothing here touches the page.

export const NONE = "none"
const CLASSES = 10
const GATES = { rnn: 1, lstm: 4 }
const PICTURE = 28

/** The parts of a network by its texts (lenet/ui/train/builder.py): { convs, pools, hidden }. */
export function partsOf({ texts, depth, usual }) {
  const blocks = Array.from({ length: depth }, (_, at) => at + 1)
  const hidden = texts.hidden ?? usual.hidden
  return {
    convs: blocks.map((at) => numbers(texts[`conv${at}`] ?? usual.convs[at - 1])),
    pools: blocks.map((at) => {
      const text = texts[`pool${at}`] ?? usual.pool
      if (text === NONE) return { kind: NONE, window: [1, 1, 0] }
      const [kernel, stride, padding, kind = "max"] = text.split("/")
      return { kind, window: [kernel, stride, padding].map(Number) }
    }),
    hidden: hidden === NONE ? [] : numbers(hidden),
  }
}

const numbers = (text) => text.split("/").map(Number)

/** A row for each layer that can be chosen: { name, key, kind, shape, parameters, macs, activation, drop, wrong }. Behind
 *  one that is wrong the sizes are unknown, and there are no more rows. */
export function table(told) {
  const { activation, head, output, size, texts } = told
  const { convs, pools, hidden } = partsOf(told)
  const rows = [{ name: "input", kind: "input", shape: [1, size, size], parameters: 0, macs: 0 }]
  const own = (key) => ({ key, activation: texts[`${key}_act`] ?? activation, drop: Number(texts[`${key}_drop`] ?? 0) })
  let [maps, side] = [1, size]
  const slide = ([kernel, stride, padding]) => {
    if (2 * padding > kernel || side + 2 * padding < kernel) return false
    side = Math.floor((side + 2 * padding - kernel) / stride) + 1
    return true
  }
  for (const [at, conv] of convs.entries()) {
    const [kernel, , , channels] = conv
    const mine = { name: `conv${at + 1}`, kind: "conv", window: conv, ...own(`conv${at + 1}`) }
    if (!slide(conv)) return [...rows, { ...mine, wrong: true }]
    const weights = kernel ** 2 * maps * channels
    maps = channels
    rows.push({ ...mine, shape: [maps, side, side], parameters: weights + maps, macs: weights * side ** 2 })
    const { kind, window } = pools[at]
    const pool = { name: `pool${at + 1}`, kind: "pool", pool: kind, window, key: `pool${at + 1}` }
    if (kind !== NONE && !slide(window)) return [...rows, { ...pool, wrong: true }]
    const trained = kind === "subsample"
    rows.push({
      ...pool,
      shape: [maps, side, side],
      parameters: trained ? 2 * maps : 0,
      macs: trained ? maps * side ** 2 : 0,
    })
  }
  const [kind, form] = head.split("-")
  const steps = form ? side ** 2 : 1
  let before = form ? maps : maps * side ** 2
  for (const [at, units] of (form ? hidden.slice(-1) : hidden).entries()) {
    const recurrent = GATES[kind] && (form || at === hidden.length - 1)
    const weights = recurrent ? GATES[kind] * units * (before + units) : before * units
    rows.push({
      ...own(`fc${at + 1}`),
      ...(form ? { activation: "", drop: 0 } : {}),
      name: recurrent ? kind : `fc${at + 1}`,
      kind: recurrent ? kind : "linear",
      place: form ? hidden.length - 1 : at,
      shape: [units],
      parameters: weights + (recurrent ? 2 * GATES[kind] : 1) * units,
      macs: weights * steps,
    })
    before = units
  }
  const full = rows.filter((row) => row.kind === "linear").length
  rows.push({
    name: `fc${full + 1}`,
    kind: "output",
    shape: [CLASSES],
    parameters: (before + 1) * CLASSES,
    macs: before * CLASSES,
    activation: output ? activation : "",
    drop: 0,
  })
  return rows
}

/** How large a layer is drawn, in pixels: { side, deep } of a stack of maps, or { side, wide } of a row of units. */
export function blockSize([maps, rows]) {
  if (rows === undefined) return { side: Math.round(10 + 3.4 * Math.sqrt(maps)), wide: 12, deep: 0 }
  const side = Math.round(6 + (78 * Math.min(rows, 36)) / PICTURE / 1.3)
  return { side, wide: side, deep: Math.round(2 + 5 * Math.sqrt(maps)) }
}
