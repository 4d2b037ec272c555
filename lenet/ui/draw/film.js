// The film strip: every layer of every chosen network, from the image to the probabilities.

const CAPTION = 46 // pixels of text under the maps

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".film")
  const paint = () => root.replaceChildren(...data.networks.map((network) => strip(network, root.clientWidth, data)), legend())
  paint()
  if (!data.networks.length) root.replaceChildren()
  const observer = new ResizeObserver(() => {
    if (root.clientWidth !== Number(root.dataset.width)) {
      root.dataset.width = root.clientWidth
      paint()
    }
  })
  root.dataset.width = root.clientWidth
  observer.observe(root)
  root.observer?.disconnect()
  root.observer = observer
  return () => observer.disconnect()
}

/** A whole zoom for each layer: at most `height` pixels high, and about as high as the first convolution gets. */
function zooms(layers, height) {
  const zoom = (layer, most) => Math.max(1, Math.floor(most / size(layer.shape, layer.across)[0]))
  const first = layers.find((layer) => layer.shape[0] > 1) ?? layers[0]
  const even = 1.1 * zoom(first, height) * size(first.shape, first.across)[0]
  return layers.map((layer) => zoom(layer, even))
}

/** Pixels that a layer takes on the line, its caption and the gap included. */
function room(layer, zoom) {
  return Math.max(size(layer.shape, layer.across)[1] * zoom + (layer.digits ? 18 : 0), layer.shape[0] > 1 ? 62 : 46) + 7
}

/** Smaller zooms, the largest first, until the layers stand on one line of this width or cannot get smaller; and none
 *  that makes a layer higher than the highest of several maps. */
function fit(layers, zoom, width) {
  const saves = (index) => zoom[index] > 1 && room(layers[index], zoom[index] - 1) < room(layers[index], zoom[index])
  while (layers.reduce((sum, layer, index) => sum + room(layer, zoom[index]), 0) > width) {
    const able = layers.map((_, index) => index).filter(saves)
    if (!able.length) break
    const before = (a, b) => zoom[a] - zoom[b] || room(layers[a], zoom[a]) - room(layers[b], zoom[b])
    const { shape, across } = layers[able.reduce((most, index) => (before(index, most) > 0 ? index : most))]
    const alike = (layer) => layer.across === across && `${layer.shape}` === `${shape}` // a cell of both stays as large
    layers.forEach((layer, index) => { if (alike(layer)) zoom[index]-- })
  }
  const high = (index) => size(layers[index].shape, layers[index].across)[0] * zoom[index]
  const tallest = Math.max(...layers.map((layer, index) => (layer.shape[0] > 1 ? high(index) : 0)))
  return zoom.map((each, index) => Math.min(each, Math.max(1, Math.floor((tallest / high(index)) * each))))
}

function strip({ name, colour, layers }, width, { networks }) {
  // As high as the window leaves room for.
  const above = window.innerHeight < 900 ? 560 : 720 // the rest of the page
  const narrow = width < 700 // a phone: several lines
  const height = narrow ? (networks.length > 1 ? 50 : 100) : Math.max(98, Math.min(190, (window.innerHeight - above) / networks.length - CAPTION))
  const zoom = narrow ? zooms(layers, height) : fit(layers, zooms(layers, height), width)
  return el("section", { className: "strip" },
    el("h3", {}, el("span", { className: "chip", style: `--colour:${colour}` }), `${name}, layer by layer`),
    el("div", { className: "frames" }, ...layers.map((layer, index) => frame(layer, zoom[index]))))
}

function frame(layer, zoom) {
  const { name, words, shape: [maps, rows, columns], scale, signed, digits } = layer
  const shape = maps > 1 ? `${maps} × ${rows} × ${columns}` : layer.count
  const range = signed ? `±${number(scale)}` : `0–${number(scale)}`
  const picture = mosaic(layer, zoom, `${name}: ${words}; ${shape} numbers, ${range}`)
  return el("figure", {},
    el("div", { className: "maps" }, picture,
      digits ? el("div", { className: "digits", style: `font-size:${Math.min(13, zoom)}px`, ariaHidden: "true" },
        ...Array.from({ length: 10 }, (_, digit) => el("span", {}, `${digit}`))) : null),
    el("figcaption", { title: words }, el("b", {}, name), el("span", {}, `${shape}`), el("span", {}, range)))
}

function number(value) {
  return value >= 100 ? value.toFixed(0) : Number(value.toPrecision(2)).toString()
}

function legend() {
  return el("div", { className: "legend" },
    el("span", {}, el("span", { className: "scale diverging" }), "signed numbers: ", el("b", {}, "blue negative, white zero, orange positive")),
    el("span", {}, el("span", { className: "scale sequential" }), "magnitudes: ", el("b", {}, "dark zero, bright large")),
    el("span", {}, "Each layer has its own scale, printed under it."))
}
