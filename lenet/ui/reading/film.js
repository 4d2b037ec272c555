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

/** The largest whole zoom for each layer with which the maps are at most `height` pixels high. */
function zooms(layers, height) {
  return layers.map(({ shape, across }) => Math.max(1, Math.floor(height / size(shape, across)[0])))
}

function strip({ name, colour, layers }, width, { networks }) {
  // As high as the window leaves room for, but narrow enough to stay on one line where one line is possible.
  const room = Math.max(60, Math.min(190, (window.innerHeight - 560) / networks.length - CAPTION))
  let height = room
  let zoom = zooms(layers, height)
  const total = () => layers.reduce((sum, layer, index) => sum + size(layer.shape, layer.across)[1] * zoom[index] + 10, 0)
  while (width > 700 && height > 50 && total() > width) zoom = zooms(layers, --height)
  return el("section", { className: "strip" },
    el("h3", {}, el("span", { className: "chip", style: `background:${colour}` }), `${name}, layer by layer`),
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
