// Colours for numbers. Which ones, says lenet/ui/shared/palette.py; a message brings them along.

/** 256 colours, red, green and blue one after the other, linear between hex colours at equal distances. */
export function table(anchors) {
  const channels = anchors.map((hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)))
  const colours = new Uint8ClampedArray(3 * 256) // it rounds halves to even, as numpy does
  for (let level = 0; level < 256; level++) {
    const at = (level * (anchors.length - 1)) / 255
    const left = Math.min(Math.floor(at), anchors.length - 2)
    for (let channel = 0; channel < 3; channel++) {
      const [from, to] = [channels[left][channel], channels[left + 1][channel]]
      colours[3 * level + channel] = from + (to - from) * (at - left)
    }
  }
  return colours
}

/** The row of the colour table for a value. */
export function level(value, scale, signed) {
  const share = scale > 0 ? Math.max(-1, Math.min(1, value / scale)) || 0 : 0 // NaN is drawn as zero
  return Math.round(255 * (signed ? share / 2 + 0.5 : Math.max(0, share)))
}

/** The palette of a message with its two tables. */
export function withTables({ sequential, diverging, ...rest }) {
  return { ...rest, sequential: table(sequential), diverging: table(diverging) }
}

/** Whether the values of a layer are coloured as signed, and the value that gets the last colour. */
export function look({ signed, bounded, values }) {
  let most = 0
  let negative = false
  for (const value of values) {
    if (value < 0) negative = true
    const size = Math.abs(value)
    if (size > most && size < Infinity) most = size
  }
  return { signed: signed || negative, scale: bounded ? 1 : most }
}

/** Colours of a number: the palette's, and black or white on it, whichever can be read. */
export function tint(value, { scale, signed }, palette) {
  const at = 3 * level(value, scale, signed)
  const [r, g, b] = (signed ? palette.diverging : palette.sequential).subarray(at, at + 3)
  return { background: `rgb(${r},${g},${b})`, colour: 0.3 * r + 0.59 * g + 0.11 * b > 130 ? "#000" : "#fff" }
}
