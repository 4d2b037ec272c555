// What a run does, large and all at once: the digits that it reads, its kernels, its curves, its gradients, and which
// digit it takes for which. A recorded run has many frames and plays by itself.

import { decodedBytes, el, paintCells, still, svg } from "../dom.js"
import { figure, fixed } from "../formatting.js"
import { tint } from "../palette.js"

const FRAME = 700 // milliseconds of a recorded run
const [WIDE, HIGH, LEFT, BELOW] = [420, 190, 46, 24] // of a chart: its size, and the room for its axes
const CAP = 24 // the colour of a confusion: this many of a class are full

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".training")
  const text = JSON.stringify(data)
  if (root.told === text) return () => {}
  root.told = text
  root.stop?.()
  root.stop = data.frames.length > 1 ? play(root, data) : show(root, data, data.frames[0])
  return () => {}
}

/** Parts that stay where they are: only what is in them is painted anew. */
function part(root, name, ...children) {
  let section = root.querySelector(`.${name}`)
  if (!section) {
    section = el("section", { className: name })
    root.append(section)
  }
  section.replaceChildren(...children.filter(Boolean))
}

function show(root, data, frame) {
  part(root, "digits", ...digits(data.pictures, frame.answers))
  part(root, "kernels", ...kernels(frame.kernels))
  for (const chart of data.charts) part(root, chart.key, ...lines(chart, frame.until))
  part(root, "gradients", ...(frame.gradients ? bars(frame.gradients, "Gradient of each layer", powers) : []))
  part(root, "dead", ...(frame.dead ? bars(frame.dead, "Dead units: the same output for every picture", shares) : []))
  part(root, "confusion", ...(frame.confusion ? confusion(frame.confusion) : []))
  return null
}

/** Show one frame after another, from the last to the first again; whoever moves the slider or prefers stillness
 *  stops it. Returns what ends it. */
function play(root, data) {
  const last = data.frames.length - 1
  let at = still() ? last : 0
  let timer = null
  const button = el("button", { type: "button" })
  const slider = el("input", { type: "range", min: 0, max: last, "aria-label": "Moment of the stored run" })
  const said = el("output")
  const paint = () => {
    slider.value = at
    said.textContent = data.frames[at].said
    show(root, data, data.frames[at])
  }
  const go = (on) => {
    clearInterval(timer)
    timer = on
      ? setInterval(() => {
          at = at === last ? 0 : at + 1
          paint()
        }, FRAME)
      : null
    button.textContent = on ? "❚❚ Hold" : "▶ Play"
  }
  button.onclick = () => go(timer === null)
  slider.oninput = () => {
    go(false)
    at = Number(slider.value)
    paint()
  }
  part(root, "player", button, slider, said)
  go(!still())
  paint()
  return () => {
    clearInterval(timer)
    root.querySelector(".player")?.remove()
  }
}

/** A grid of bytes, 255 being `scale`; signed ones lie around 128. */
function picture({ cells, shape: [rows, columns], signed }, label) {
  const canvas = el("canvas", { role: "img", title: label, "aria-label": label })
  const values = decodedBytes(cells).map((byte) => (signed ? (byte - 128) / 127 : byte / 255))
  paintCells(canvas, values, rows, columns, 1, signed)
  return canvas
}

function digits(pictures, answers) {
  const one = ({ answer, sure, wrong }, place) => {
    const { grid, name } = pictures[place]
    const what = name || `test picture of ${pictures[place].label}`
    const words = answer === null ? sure : `read as ${answer}, ${sure}`
    return el(
      "figure",
      { className: `${wrong ? "wrong" : ""} ${name ? "yours" : ""}` },
      name ? el("span", {}, name) : null,
      picture(grid, `${what}: ${words}`),
      el("figcaption", {}, el("b", {}, `${wrong ? "✗ " : ""}${answer ?? "?"}`), el("span", {}, sure)),
    )
  }
  const yours = pictures.findIndex(({ name }) => name)
  const order = [...answers.keys()].sort((a, b) => (b === yours) - (a === yours))
  return [
    el("h2", {}, "What the network answers, and how sure it is"),
    el(
      "div",
      { className: "row", style: `--count:${answers.length}` },
      ...order.map((place) => one(answers[place], place)),
    ),
  ]
}

function kernels({ grids, scale, words, layer }) {
  return [
    el("h2", {}, `The kernels of ${layer}`),
    el(
      "div",
      { className: "row" },
      ...grids.map((grid, at) => el("figure", {}, picture(grid, `Kernel ${at} of ${layer}`))),
    ),
    el("p", { className: "legend" }, `−${scale} `, el("i", { className: "diverging" }), ` ${scale}`),
    el("p", { className: "small" }, words),
  ]
}

/** A chart: { title, lines: [{ name, colour, points: [[x, y], …], behind }], kind: "%", "log" or "", end, x }. until:
 *  of a recorded run, where it stands. */
export function lines({ title, lines: all, kind, end, x }, until = Infinity) {
  const shown = all.map((line) => ({
    ...line,
    points: line.points.filter(
      ([at, value]) => at <= Math.min(end, until) && Number.isFinite(value) && (kind !== "log" || value > 0),
    ),
  }))
  const values = shown.flatMap(({ points }) => points.map(([, value]) => value))
  const [low, high] = kind === "%" ? [0, 1] : kind === "log" ? powersAround(values) : [0, Math.max(1, ...values) * 1.05]
  const share = kind === "log" ? (v) => Math.log(v / low) / Math.log(high / low) : (v) => (v - low) / (high - low)
  const place = ([at, value]) => [LEFT + (at / end) * (WIDE - LEFT - 12), 6 + (1 - share(value)) * (HIGH - BELOW - 6)]
  const chart = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": summary(title, shown, kind) })
  for (const value of kind === "log" ? ticksOfPowers(low, high) : ticks(low, high)) {
    const [, y] = place([0, value])
    chart.append(
      svg("line", { x1: LEFT, x2: WIDE - 12, y1: y, y2: y, class: "rule" }),
      svg("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, label(value, kind)),
    )
  }
  for (const value of ticks(0, end).filter((one) => end < 4 || Number.isInteger(one)))
    chart.append(
      svg("text", { x: place([value, low])[0], y: HIGH - 6, "text-anchor": "middle" }, value.toLocaleString("en")),
    )
  for (const { name, colour, points, behind } of shown) {
    const way = points.map((point) =>
      place(point)
        .map((number) => number.toFixed(1))
        .join(","),
    )
    const drawn = svg("polyline", { points: way.join(" "), stroke: colour, class: behind ? "behind" : "line" })
    drawn.append(svg("title", {}, name))
    chart.append(drawn)
    if (points.length && !behind) {
      const [cx, cy] = place(points.at(-1))
      chart.append(svg("circle", { cx, cy, r: 4, fill: colour }))
    }
  }
  return [
    el("h2", {}, title),
    chart,
    el("p", { className: "small x" }, x),
    shown.length > 1
      ? el(
          "ul",
          { className: "keys" },
          ...shown.map(({ name, colour }) => el("li", {}, el("i", { style: `background:${colour}` }), name)),
        )
      : null,
  ]
}

function summary(title, shown, kind) {
  const now = shown.filter(({ points }) => points.length)
  const words = now.map(({ name, points }) => `${name} ${label(points.at(-1)[1], kind)}`)
  return `${title}. Latest: ${words.join("; ") || "nothing yet"}`
}

const label = (value, kind) =>
  kind === "%"
    ? `${fixed(100 * value, 0)} %`
    : kind === "log" && (value >= 1e4 || value < 0.01)
      ? `10${superscript(Math.round(Math.log10(value)))}`
      : fixed(value, value >= 10 ? 0 : value >= 1 ? 1 : 2).replace(/\.0+$/, "")

const superscript = (power) => `${power}`.replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit])

/** About five round numbers from `low` to `high`. */
export function ticks(low, high) {
  const rough = (high - low) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough)
  const count = Math.floor((high - low) / step + 1e-9)
  return Array.from({ length: count + 1 }, (_, at) => Number((low + at * step).toPrecision(6)))
}

const powersAround = (values) => {
  const [low, high] = values.length ? [Math.min(...values), Math.max(...values)] : [0.1, 1]
  const from = Math.floor(Math.log10(low))
  return [10 ** from, 10 ** Math.max(from + 1, Math.ceil(Math.log10(high)))]
}

function ticksOfPowers(low, high) {
  const [from, to] = [Math.round(Math.log10(low)), Math.round(Math.log10(high))]
  const step = Math.ceil((to - from) / 5)
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => 10 ** (from + at * step))
}

/** Bars on a scale of powers of ten, so that a gradient that vanishes on its way back is seen. */
export function powers(values) {
  const high = Math.max(1, ...values.filter(Number.isFinite))
  const low = 1e-6
  const share = (value) => Math.max(0, Math.min(1, Math.log(value / low) / Math.log(high / low)))
  return {
    share: (value) => (Number.isFinite(value) && value > 0 ? share(value) : 0),
    said: (value) =>
      value === null ? "NaN" : value === 0 ? "0" : value < 1e-3 || value >= 1e4 ? powerOf(value) : figure(value),
    words: "On a scale of powers of ten, down to a millionth. Short at the top: the gradient vanishes on its way back.",
  }
}

const powerOf = (value) => {
  const at = Math.floor(Math.log10(value))
  return `${figure(value / 10 ** at, false, 0)} × 10${superscript(at)}`
}

const shares = () => ({
  share: (value) => value ?? 0,
  said: (value) => `${fixed(100 * value, 0)} %`,
  words: "On all test pictures, after the last whole epoch.",
})

function bars(rows, title, scale) {
  const { share, said, words } = scale(rows.map(({ value }) => value))
  return [
    el("h2", {}, title),
    el(
      "dl",
      {},
      ...rows.flatMap(({ name, value }) => [
        el("dt", {}, name),
        el(
          "dd",
          {},
          el("i", { style: `width:calc(${share(value).toFixed(3)} * (100% - 84px))` }),
          el("span", {}, said(value)),
        ),
      ]),
    ),
    el("p", { className: "small" }, words),
  ]
}

function confusion({ counts, classes, title }) {
  const head = el(
    "tr",
    {},
    el("th", {}, "is ↓  taken for →"),
    ...classes.map((name) => el("th", { scope: "col" }, name)),
  )
  const rows = counts.map((row, is) => {
    const total = row.reduce((sum, one) => sum + one, 0)
    const cells = row.map((count, taken) => {
      const right = is === taken
      const { background, colour } = tint(count, right ? total : CAP, false)
      const style = count ? `background:${background};color:${colour}` : ""
      const words = `${count} of ${total} pictures of ${classes[is]} are taken for ${classes[taken]}`
      return el("td", { style, title: words, className: right ? "right" : "" }, count ? `${count}` : "")
    })
    const share = total ? row[is] / total : 0
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, classes[is]),
      ...cells,
      el(
        "td",
        { className: "share" },
        el("i", { style: `width:${Math.round(40 * share)}px` }),
        `${fixed(100 * share, 0)} %`,
      ),
    )
  })
  head.append(el("th", { scope: "col" }, "right"))
  return [
    el("h2", {}, title),
    el("div", { className: "scroll" }, el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows))),
  ]
}
