// Elements, and the one painter of cells.

import { corner, mosaicOf } from "./layout.js"
import { level } from "./palette.js"

/** An element with properties, children (elements or text; null is left out) and, as `style`, CSS. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && name !== "style") element[name] = value
    else element.setAttribute(name, value)
  }
  element.append(...children.filter((child) => child !== null))
  return element
}

/** Paint maps of a layer side by side, one pixel a cell: the canvas is enlarged by CSS, `image-rendering: pixelated`.
 *  scale, signed: as palette.js looks at the values. maps: the first one and how many, by default all. */
export function paint(canvas, layer, { scale, signed }, palette, [first, maps] = [0, layer.shape[0]]) {
  const [, rows, columns] = layer.shape
  const shown = { shape: [maps, rows, columns], across: layer.across }
  const { wide, high } = mosaicOf(shown)
  if (canvas.width !== wide) canvas.width = wide
  if (canvas.height !== high) canvas.height = high
  const context = canvas.getContext("2d")
  const image = context.createImageData(wide, high)
  const table = signed ? palette.diverging : palette.sequential
  for (let map = 0, cell = first * rows * columns; map < maps; map++) {
    const [left, top] = corner(shown, map)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns && cell < layer.count; column++, cell++) {
        const colour = 3 * level(layer.values[cell], scale, signed)
        const at = 4 * ((top + row) * wide + left + column)
        for (let channel = 0; channel < 3; channel++) image.data[at + channel] = table[colour + channel]
        image.data[at + 3] = 255
      }
  }
  context.putImageData(image, 0, 0)
}

/** Show a canvas so many CSS pixels large. */
export function resize(canvas, width, height) {
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
}
