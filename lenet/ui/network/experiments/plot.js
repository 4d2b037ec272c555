// Curves and dots as SVG: small functions over plain arrays. Nothing here knows Streamlit or the study.

import { el, svg } from "../dom.js"

const GREY = "#8a8a8a"

/** From values to pixels. domain, range: two ends each; log: whether powers of ten lie at equal distances. */
export function scale([d0, d1], [r0, r1], log = false) {
  const at = log ? Math.log10 : (v) => v
  const span = at(d1) - at(d0) || 1
  return (value) => r0 + ((at(value) - at(d0)) / span) * (r1 - r0)
}

/** Round numbers between two ends, about `count` of them. */
export function ticks(low, high, count = 5) {
  const span = high - low || 1
  const power = 10 ** Math.floor(Math.log10(span / count))
  const step = power * [1, 2, 5, 10].find((times) => span / (power * times) <= count)
  const first = Math.ceil(low / step - 1e-9)
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, at) =>
    Number(((first + at) * step).toPrecision(12)),
  )
}

/** Powers of ten around two positive numbers. */
export function powers(low, high) {
  const first = Math.floor(Math.log10(low))
  return Array.from({ length: Math.ceil(Math.log10(high)) - first + 1 }, (_, at) => 10 ** (first + at))
}

/** The path through points; a missing one (null) is a gap. */
export function path(xs, ys, x, y) {
  let pen = "M"
  let text = ""
  for (const [at, value] of ys.entries()) {
    if (value === null || value === undefined) {
      pen = "M"
      continue
    }
    text += `${pen}${x(xs[at]).toFixed(1)} ${y(value).toFixed(1)}`
    pen = "L"
  }
  return text
}

/** Both axes' ends, from all values that are drawn. y: {percent, log, limits}. */
function domains(lines, xsOf, y) {
  const xs = lines.flatMap((line) => line.seeds.map((seed) => xsOf(seed)[seed.y.length - 1]))
  const values = lines.flatMap((line) => line.seeds.flatMap((seed) => seed.y)).filter((value) => value !== null)
  const low = Math.min(...values)
  const high = Math.max(...values)
  if (y.log)
    return [
      [0, Math.max(...xs, 1)],
      [powers(low, high)[0], powers(low, high).at(-1)],
    ]
  return [[0, Math.max(...xs, 1)], y.limits ?? [Math.min(0, low), high || 1]]
}

export const tickText = (value, percent) =>
  percent
    ? `${Number((100 * value).toPrecision(3))} %`
    : value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)
      ? value.toExponential(0).replace("-", "−")
      : `${value}`.replace("-", "−")

/** The frame of a chart: grid, ticks and titles. Returns it with the two scales. */
export function frame({ width, height, x, y, small = false }) {
  const size = small ? 11 : 13
  const left = y.hidden ? 8 : small ? 40 : 58
  const box = { left, right: width - 10, top: 8, bottom: height - (x.title ? 40 : 22) }
  const xScale = scale(x.domain, [box.left, box.right])
  const yScale = scale(y.domain, [box.bottom, box.top], y.log)
  const text = { "font-size": size, fill: "currentColor", "font-family": "inherit" }
  const grid = svg("g", { stroke: "currentColor", "stroke-opacity": 0.14 })
  const words = svg("g", text)
  const yTicks = y.log
    ? powers(...y.domain).filter((_, at, all) => all.length < 7 || at % 2 === 0)
    : ticks(...y.domain, small ? 3 : 5)
  for (const tick of yTicks) {
    grid.append(svg("line", { x1: box.left, x2: box.right, y1: yScale(tick), y2: yScale(tick) }))
    if (!y.hidden)
      words.append(
        svg("text", { x: box.left - 6, y: yScale(tick) + size / 3, "text-anchor": "end" }, tickText(tick, y.percent)),
      )
  }
  for (const tick of ticks(...x.domain, small ? 3 : Math.max(4, Math.min(10, Math.floor(width / 70))))) {
    grid.append(svg("line", { x1: xScale(tick), x2: xScale(tick), y1: box.top, y2: box.bottom }))
    words.append(svg("text", { x: xScale(tick), y: box.bottom + size + 3, "text-anchor": "middle" }, tickText(tick)))
  }
  if (x.title)
    words.append(svg("text", { x: (box.left + box.right) / 2, y: height - 6, "text-anchor": "middle" }, x.title))
  if (y.title)
    words.append(
      svg(
        "text",
        { transform: `translate(13 ${(box.top + box.bottom) / 2}) rotate(-90)`, "text-anchor": "middle" },
        y.title,
      ),
    )
  return { node: svg("g", {}, grid, words), box, x: xScale, y: yScale }
}

/** A cross where a run died. */
export const cross = (x, y, colour, size = 4) =>
  svg("path", {
    d: `M${x - size} ${y - size}l${2 * size} ${2 * size}m0 ${-2 * size}l${-2 * size} ${2 * size}`,
    stroke: colour,
    "stroke-width": 2,
    fill: "none",
  })

/** Curves of networks: a thin line for each seed, a bold one for their mean, a cross where a run lost a class for good, or at the
 * end if it never had them all.
 *
 * lines: [{network, colour, dash, mean: [..] or null, seeds: [{seed, y: [..], seconds: [..], died}]}], a value an epoch;
 * bold: names of those that stand out, the others are grey; by: "epoch" or "seconds"; yours: a curve of one's own.
 * Returns the picture and, for the pointer, the points of every seed in pixels.
 */
export function curves({
  lines,
  y,
  by = "epoch",
  bold = null,
  yours = null,
  width,
  height,
  small = false,
  titles = true,
}) {
  const longest = Math.max(...lines.flatMap((line) => line.seeds.map((seed) => seed.y.length)))
  const epochs = Array.from({ length: longest }, (_, at) => at)
  const xsOf = (seed) => (by === "seconds" ? seed.seconds : epochs)
  const [xDomain, yDomain] = domains(lines, xsOf, y)
  const chart = frame({
    width,
    height,
    small,
    x: { domain: xDomain, title: titles ? (by === "seconds" ? "CPU seconds of training" : "Epoch") : "" },
    y: { ...y, domain: yDomain, title: titles ? y.words : "" },
  })
  const faint = svg("g", { fill: "none" })
  const strong = svg("g", { fill: "none" })
  const points = []
  for (const line of lines) {
    const stands = !bold || bold.has(line.network)
    const colour = stands ? line.colour : GREY
    const layer = stands ? strong : faint
    for (const seed of line.seeds) {
      const xs = xsOf(seed)
      const thin = line.mean ? (stands ? 0.55 : 0.3) : 0.9
      layer.append(
        svg("path", {
          d: path(xs, seed.y, chart.x, chart.y),
          stroke: colour,
          "stroke-opacity": thin,
          "stroke-width": line.mean ? 1 : 2,
        }),
      )
      const end = seed.died === 0 ? seed.y.findLastIndex((value) => value !== null) : seed.died
      if (seed.died !== null && end >= 0 && seed.y[end] !== null && (stands || !line.mean))
        layer.append(cross(chart.x(xs[end]), chart.y(seed.y[end]), colour))
      for (const [at, value] of seed.y.entries())
        if (value !== null)
          points.push({
            network: line.network,
            seed: seed.seed,
            epoch: at,
            value,
            x: chart.x(xs[at]),
            y: chart.y(value),
            stands,
          })
    }
    if (line.mean) {
      const means =
        line.seeds.length && by === "seconds"
          ? epochs.map((at) => line.seeds.reduce((sum, s) => sum + s.seconds[at], 0) / line.seeds.length)
          : epochs
      layer.append(
        svg("path", {
          d: path(means, line.mean, chart.x, chart.y),
          stroke: colour,
          "stroke-width": stands ? 3 : 1.5,
          "stroke-opacity": stands ? 1 : 0.7,
          "stroke-dasharray": stands ? line.dash || null : null,
        }),
      )
    }
  }
  const own =
    yours &&
    svg("path", {
      d: path(epochs, yours, chart.x, chart.y),
      stroke: "currentColor",
      "stroke-width": 2.5,
      "stroke-dasharray": "3 4",
      fill: "none",
    })
  const node = svg(
    "svg",
    { width, height, viewBox: `0 0 ${width} ${height}`, role: "img" },
    chart.node,
    faint,
    strong,
    own,
  )
  return { node, points, box: chart.box }
}

/** The point nearest to a place, at most `reach` pixels away. */
export function nearest(points, x, y, reach = 30) {
  let best = null
  let least = reach ** 2
  for (const point of points) {
    const far = (point.x - x) ** 2 + (point.y - y) ** 2 + (point.stands ? 0 : 100)
    if (far < least) [best, least] = [point, far]
  }
  return best
}

/** Let a person take the picture along. pictures: name of the file without its ending; rows: the numbers as CSV. */
export function exports(node, name, rows) {
  const button = (words, make) => {
    const one = el("button", { type: "button", className: "plain" }, words)
    one.onclick = make
    return one
  }
  return el(
    "span",
    { className: "exports" },
    button("CSV", () => save(new Blob([rows()], { type: "text/csv" }), `${name}.csv`)),
    button("SVG", () => save(new Blob([standalone(node())], { type: "image/svg+xml" }), `${name}.svg`)),
    button("PNG", () => png(node()).then((blob) => save(blob, `${name}.png`))),
  )
}

/** The picture as a file of its own: with its background, its ink and its font. */
export function standalone(node) {
  const copy = node.cloneNode(true)
  const { color } = getComputedStyle(node)
  copy.setAttribute("xmlns", copy.namespaceURI)
  copy.setAttribute("style", `color: ${color}; font-family: sans-serif`)
  const behind = getComputedStyle(node).getPropertyValue("--st-background-color").trim()
  copy.prepend(svg("rect", { width: "100%", height: "100%", fill: behind || "#ffffff" }))
  return new XMLSerializer().serializeToString(copy)
}

async function png(node) {
  const picture = new Image()
  picture.src = URL.createObjectURL(new Blob([standalone(node)], { type: "image/svg+xml" }))
  await picture.decode()
  const { width, height } = node.viewBox.baseVal
  const canvas = el("canvas", { width: 2 * width, height: 2 * height })
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height)
  URL.revokeObjectURL(picture.src)
  return new Promise((done) => canvas.toBlob(done, "image/png"))
}

function save(blob, name) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}

/** A cell of a CSV file. */
const cell = (value) => (/[",\n]/.test(`${value}`) ? `"${`${value}`.replaceAll('"', '""')}"` : `${value}`)

/** Rows of cells as CSV. */
export const csv = (rows) => rows.map((row) => `${row.map(cell).join(",")}\n`).join("")

/** Draw now, and again whenever the width changes. draw: gets the width in pixels. Returns what ends it. */
export function whenWide(element, draw) {
  let last = 0
  const watch = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width)
    if (width && width !== last) draw((last = width))
  })
  watch.observe(element)
  return () => watch.disconnect()
}
