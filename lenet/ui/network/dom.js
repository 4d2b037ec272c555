// Elements of the page, and pictures of cells on them.

import { levelOf, tableOf } from "./palette.js"

/** The event after Streamlit has written the address of the page anew. */
export const ADDRESS = "lenet-address"

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

/** The same of a drawing; a property that is null is left out, too. */
export function svg(tag, properties = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag)
  for (const [name, value] of Object.entries(properties)) if (value !== null) element.setAttribute(name, value)
  element.append(...children.filter((child) => child !== null))
  return element
}

/** Whether somebody wants nothing to move. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches

/** How much larger than its own pixels an element is shown, as on a projector: see lenet/ui/shared/frame.css. */
export const zoomOf = (element) => element.getBoundingClientRect().width / element.clientWidth || 1

/** The bytes that the server sent, as numbers: base64. */
export const decodedBytes = (text) => Array.from(atob(text), (letter) => letter.charCodeAt(0))

/** Let a style sheet of this folder hold for a view, too. Waits until it does. */
export function styled(root, file) {
  const { href } = new URL(`./${file}`, import.meta.url)
  const all = root.getRootNode()
  if (all.querySelector(`link[href="${href}"]`)) return Promise.resolve()
  const sheet = el("link", { rel: "stylesheet", href })
  all.prepend(sheet)
  return new Promise((resolve) => (sheet.onload = sheet.onerror = resolve))
}

/** The context of an emptied canvas, on which one paints in the plan's pixels. */
export function emptied(canvas, { width, height }) {
  const context = canvas.getContext("2d")
  const ratio = canvas.width / width
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  return context
}

/** The numbers that the server sent: base64 of float32. */
export function decoded(text) {
  return new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer)
}

/** Paint numbers as cells on a canvas of as many pixels: row by row, `rows` × `columns` of them. table: the colours,
 *  where they are not those of magnitudes or of signed numbers. */
export function paintCells(canvas, values, rows, columns, scale = 1, signed = false, table = tableOf(signed)) {
  if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows })
  const context = canvas.getContext("2d")
  const image = context.createImageData(columns, rows)
  for (let cell = 0; cell < Math.min(values.length, rows * columns); cell++) {
    const level = 3 * levelOf(values[cell], scale, signed)
    image.data[4 * cell] = table[level]
    image.data[4 * cell + 1] = table[level + 1]
    image.data[4 * cell + 2] = table[level + 2]
    image.data[4 * cell + 3] = 255
  }
  context.putImageData(image, 0, 0)
}
