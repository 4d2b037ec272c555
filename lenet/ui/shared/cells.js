// Shared by answer.js and film.js. SEQUENTIAL and DIVERGING, 256 colours each, are put in front by Python.

/** An element with properties, children (elements or text; null is left out) and, as `style`, CSS. */
function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && name !== "style") element[name] = value
    else element.setAttribute(name, value)
  }
  element.append(...children.filter((child) => child !== null))
  return element
}

/** A canvas with the maps of a layer side by side, one pixel a cell, shown `zoom` times as large.
 *  levels: base64, one byte a cell, rows of the colour table; shape: [maps, rows, columns]; across: maps in a row. */
function mosaic({ levels, shape: [maps, rows, columns], across, signed }, zoom, label) {
  const table = signed ? DIVERGING : SEQUENTIAL
  const bytes = atob(levels)
  const gap = maps > 1 ? 1 : 0
  const [high, wide] = size([maps, rows, columns], across)
  const canvas = el("canvas", { width: wide, height: high, role: "img", title: label, "aria-label": label })
  canvas.style.width = `${wide * zoom}px`
  canvas.style.height = `${high * zoom}px`
  const context = canvas.getContext("2d")
  const image = context.createImageData(wide, high)
  for (let cell = 0; cell < bytes.length; cell++) {
    const map = Math.floor(cell / (rows * columns))
    const row = Math.floor(cell / columns) % rows + Math.floor(map / across) * (rows + gap)
    const column = cell % columns + (map % across) * (columns + gap)
    const at = 4 * (row * wide + column)
    const colour = 3 * bytes.charCodeAt(cell)
    image.data[at] = table[colour]
    image.data[at + 1] = table[colour + 1]
    image.data[at + 2] = table[colour + 2]
    image.data[at + 3] = 255
  }
  context.putImageData(image, 0, 0)
  return canvas
}

/** Height and width of a mosaic in cells, the gaps of one cell between the maps included. */
function size([maps, rows, columns], across) {
  const gap = maps > 1 ? 1 : 0
  return [Math.ceil(maps / across) * (rows + gap) - gap, Math.min(maps, across) * (columns + gap) - gap]
}

/** A probability as people read it; `short` without the digit after the point. */
function percent(share, short) {
  if (short) return share > 0.99 ? "> 99 %" : share < 0.01 ? "< 1 %" : `${(100 * share).toFixed(0)} %`
  if (share > 0.999) return "> 99.9 %"
  return share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`
}
