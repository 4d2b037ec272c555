// Curves of many networks on one chart: names that can be singled out, numbers under the pointer, and the picture and its
// numbers to take along.

import { el, svg, zoomOf } from "../dom.js"
import { fixed } from "../formatting.js"
import { csv, curves, exports, nearest, whenWide } from "./plot.js"

const HEIGHT = 380 // pixels
const LOW = 300 // on a telephone
const NARROW = 600

export default function ({ data, root, setTriggerValue }) {
  root.stop?.()
  const names = data.lines.map((line) => line.network)
  const asked = JSON.stringify([names, data.bold])
  const bold = root.curves?.asked === asked ? root.curves.bold : new Set(data.bold ?? names)
  const state = { asked, bold, drawn: null }
  root.curves = state
  const place = el("div", { className: "plot" })
  const tip = el("div", { className: "tip", hidden: true })
  const legend = el("div", { className: "legend", role: "group", "aria-label": "Networks that stand out" })
  let width = 0
  const show = () => {
    legend.replaceChildren(...buttons(data, state, show))
    if (!width) return
    const height = width < NARROW ? LOW : HEIGHT
    const { lines, y, by, yours } = data
    state.drawn = curves({ lines, y, by, yours, bold: state.bold, width, height })
    state.drawn.node.setAttribute("aria-label", data.description)
    place.replaceChildren(state.drawn.node, tip)
  }
  place.onpointermove = (event) => point(event, place, tip, data, state)
  place.onpointerleave = () => point(null, place, tip, data, state)
  const file = exports(
    () => state.drawn.node,
    data.file,
    () => table(data),
  )
  const words = el("p", { className: "small" }, data.caption, " ", file)
  const bar = el("div", { className: "row" }, courses(data, setTriggerValue), legend)
  root.replaceChildren(el("div", { className: "curves" }, bar, place, words))
  show()
  root.stop = whenWide(place, (now) => {
    width = now
    show()
  })
  return root.stop
}

/** What goes on from epoch to epoch, to choose from. */
function courses({ course, courses }, setTriggerValue) {
  const select = el("select", { "aria-label": "Show" })
  for (const [id, words] of Object.entries(courses)) select.append(el("option", { value: id }, words))
  select.value = course
  select.onchange = () => setTriggerValue("course", select.value)
  return select
}

/** A button for each network: one click singles it out, others join it, and when none is left all stand out again. */
function buttons({ lines, yours }, state, show) {
  const all = state.bold.size === lines.length
  const made = lines.map((line) => {
    const here = state.bold.has(line.network)
    const swatch = el("i", {})
    swatch.style.background = here ? line.colour : "#8a8a8a"
    const one = el("button", { type: "button", "aria-pressed": `${here}` }, swatch, line.network)
    one.onclick = () => {
      if (all) state.bold = new Set([line.network])
      else if (here) state.bold.delete(line.network)
      else state.bold.add(line.network)
      if (!state.bold.size) state.bold = new Set(lines.map(({ network }) => network))
      show()
      one
        .getRootNode()
        .querySelector?.(`.legend button:nth-child(${lines.indexOf(line) + 1})`)
        ?.focus()
    }
    return one
  })
  if (yours) made.push(el("span", { className: "yours" }, el("i", {}), "your guess"))
  return made
}

/** The run under the pointer: its line stands out, its number is written beside it. */
function point(event, place, tip, data, state) {
  place.querySelector(".under")?.remove()
  const box = place.getBoundingClientRect()
  const zoom = zoomOf(place)
  const at = event && [(event.clientX - box.left) / zoom, (event.clientY - box.top) / zoom]
  const found = at && state.drawn && nearest(state.drawn.points, ...at)
  tip.hidden = !found
  if (!found) return
  const line = state.drawn.points.filter((one) => one.network === found.network && one.seed === found.seed)
  const points = line.map((one) => `${one.x.toFixed(1)},${one.y.toFixed(1)}`).join(" ")
  state.drawn.node.append(svg("polyline", { points, class: "under" }))
  const value = data.y.percent
    ? `${fixed(100 * found.value, data.y.log ? 2 : 1)} %`
    : `${Number(found.value.toPrecision(3))}`.replace("-", "−")
  tip.replaceChildren(el("b", {}, found.network), ` seed ${found.seed}, epoch ${found.epoch}: `, el("b", {}, value))
  const left = Math.min(found.x + 12, place.clientWidth - 220)
  tip.style.transform = `translate(${Math.max(0, left)}px, ${Math.max(0, found.y - 44)}px)`
}

const table = ({ lines, y }) =>
  csv([
    ["network", "seed", "epoch", "seconds", y.words.toLowerCase()],
    ...lines.flatMap((line) =>
      line.seeds.flatMap((seed) =>
        seed.y.map((value, at) => [line.network, seed.seed, at, seed.seconds[at], value ?? ""]),
      ),
    ),
  ])
