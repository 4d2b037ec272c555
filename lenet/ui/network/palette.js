// Every colour that means something, for Python (lenet/ui/shared/palette.py reads this file) and for the browser.
// Readable by colour-blind people, in light and dark themes.

// Anchors at equal distances; the lightness of SEQUENTIAL only rises, that of DIVERGING falls to both sides of zero.
export const SEQUENTIAL_RANGE = ["#0b1020", "#1d3461", "#1f6f8b", "#4fb39b", "#b6dd8b", "#fdf6c4"]
export const DIVERGING_RANGE = ["#08305e", "#2c6fb0", "#8fbbdc", "#f5f3ef", "#f2b27c", "#cc6418", "#7a2d05"]

// Okabe and Ito's palette for colour-blind people (2008), without its yellow, and with a grey for its black.
export const VARIANT_COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#8c564b"]

/** 256 colours, linear between the anchors, three bytes each. */
function table(anchors) {
  const colours = anchors.map((anchor) => [1, 3, 5].map((at) => Number.parseInt(anchor.slice(at, at + 2), 16)))
  return Uint8ClampedArray.from({ length: 768 }, (_, at) => {
    // it rounds halves to even, as numpy does
    const place = (Math.floor(at / 3) / 255) * (anchors.length - 1)
    const below = Math.min(anchors.length - 2, Math.floor(place))
    return colours[below][at % 3] + (place - below) * (colours[below + 1][at % 3] - colours[below][at % 3])
  })
}

const SEQUENTIAL = table(SEQUENTIAL_RANGE)
const DIVERGING = table(DIVERGING_RANGE)

export const GREYS = table(["#000000", "#ffffff"]) // of the board, where ink is white

export const tableOf = (signed) => (signed ? DIVERGING : SEQUENTIAL)

/** The row of the colour table for a value; `scale` gets the last colour. */
export function levelOf(value, scale, signed) {
  const share = scale > 0 ? Math.max(-1, Math.min(1, value / scale)) || 0 : 0
  return Math.round(255 * (signed ? share / 2 + 0.5 : Math.max(0, share)))
}

/** A colour of a cell, and black or white on it, whichever can be read. */
export function tint(value, scale, signed) {
  const at = 3 * levelOf(value, scale, signed)
  const [r, g, b] = tableOf(signed).subarray(at, at + 3)
  return { background: `rgb(${r},${g},${b})`, colour: 0.3 * r + 0.59 * g + 0.11 * b > 130 ? "#000" : "#fff" }
}

export const POSITIVE = DIVERGING_RANGE.at(-2)
export const NEGATIVE = DIVERGING_RANGE[1]
export const LOOKS_AT = VARIANT_COLOURS[5] // amber and sky blue: bright in both palettes
export const USED_BY = VARIANT_COLOURS[4]
