// What a kernel does: the bars that it answers to, and what the network loses without it. All of it is measured here.

import { el, paintCells, svg } from "../dom.js"
import { piecesOf, scaled } from "../edits.js"
import { Network } from "../engine.js"
import { figure, fixed } from "../formatting.js"
import { ANGLES, answersToBars } from "./bars.js"
import { tensorsIn } from "./editable.js"
import { examiner } from "./examiner.js"
import { accuracyOf } from "./score.js"

const [WIDE, HIGH] = [520, 190] // of a chart, in its own units
const [LEFT, BOTTOM] = [46, 34]
const measured = new Map() // what networks got right: by name, mark, edits and what is switched off

/** want: asks the server for the test pictures, once. */
export function doesView(about, edited, want) {
  const tensors = tensorsIn(edited.network)
  const aside = new Network(about, tensors) // the page's own goes on to show the digit
  const names = about.classes ?? [..."0123456789"]
  const what = about.classes ? "class" : "digit"
  const { problem } = about.tests
  const answers = new Map() // by the number of the stage
  const bars = el("figure", {})
  const cost = el("figure", {})
  const table = el("div", { className: "all", hidden: true })
  const every = el("button", { type: "button", "data-do": "all" })
  const element = el("div", { className: "does" }, el("div", { className: "two" }, bars, cost), every, table)
  let shown = null
  let worker = null
  let going = false

  /** { right, all } without a kernel, or with all of them; null if it is no longer wanted. */
  async function rightWithout(stage, kernel) {
    const key = [about.name, about.mark, edited.version, stage?.name, kernel].join()
    if (!measured.has(key)) {
      worker = examiner(about, want)
      const found = await worker.read(stage ? without(tensors, stage, kernel) : tensors)
      worker.stop()
      if (!found) return null
      measured.set(key, found)
    }
    return measured.get(key)
  }

  async function show(stage, kernel) {
    const mine = { stage, kernel }
    shown = mine
    if (!answers.has(stage.number)) answers.set(stage.number, answersToBars(aside, stage.number))
    const title = `kernel ${kernel} of ${stage.name}`
    bars.replaceChildren(
      heading(`Answer of ${title} to a bar, by its angle`),
      angleChart(answers.get(stage.number), kernel, title),
      note(
        "A white bar in the middle of an empty picture, turned: 0° lies level, 90° stands. Drawn is how much the largest number of the map exceeds that of an empty picture. Grey: the other kernels of the layer.",
      ),
    )
    every.textContent = `Measure all kernels of ${stage.name}`
    every.hidden = Boolean(problem)
    table.hidden = true
    going = false
    const lost = heading(`Accuracy lost without ${title}`)
    const wait = note(problem || `Reading ${about.tests.what}, with the kernel and then with it and its bias at zero …`)
    cost.replaceChildren(lost, el("div", { className: "waiting" }, wait))
    if (problem) return
    worker?.stop()
    const before = await rightWithout(null)
    const after = before && shown === mine && (await rightWithout(stage, kernel))
    if (!after || shown !== mine) return
    cost.replaceChildren(lost, ...costOf(before, after))
    element.dataset.measured = `${stage.name} ${kernel}`
  }

  function costOf(before, after) {
    const count = sum(before.all).toLocaleString("en")
    if (before.right.every((one, at) => one === after.right[at]))
      return [
        el(
          "div",
          { className: "waiting" },
          el("p", {}, "Nothing depends on this kernel: without it the network gets exactly as many of each right."),
        ),
      ]
    const points = pointsOf(before, after)
    const words = `${fixed(100 * accuracyOf(before), 1)} % right with it, ${fixed(100 * accuracyOf(after), 1)} % without`
    return [
      costChart(names, points, what, words),
      note(
        `Of ${count} ${about.tests.what}: ${words}. Bars: the percentage points that each ${what} loses; below zero it gains.`,
      ),
    ]
  }

  every.onclick = async () => {
    const { stage } = shown
    const mine = shown
    const rows = []
    going = true
    table.hidden = false
    const before = await rightWithout(null)
    for (let kernel = 0; before && kernel < stage.shape[0]; kernel++) {
      const after = await rightWithout(stage, kernel)
      if (!after || !going || shown !== mine || !element.isConnected) return
      rows.push(pointsOf(before, after))
      table.replaceChildren(costTable(rows, names, stage, what))
      every.textContent = `${rows.length} of ${stage.shape[0]} kernels of ${stage.name} measured`
    }
    table.dataset.rows = rows.length
  }

  return { element, show }
}

/** The weights with a kernel and its bias at zero. */
export function without(tensors, stage, kernel) {
  const pieces = scaled(piecesOf(stage, kernel), 0)
  const changed = { ...tensors }
  for (const { name, start, values } of pieces) {
    changed[name] = changed[name].slice()
    changed[name].set(values, start)
  }
  return changed
}

const sum = (numbers) => numbers.reduce((total, one) => total + one, 0)

/** What each class loses, in percentage points. */
export const pointsOf = (before, after) =>
  before.all.map((all, at) => (100 * (before.right[at] - after.right[at])) / Math.max(1, all))

const heading = (words) => el("h2", {}, words)
const note = (words) => el("p", { className: "note" }, words)

/** A chart: an upright axis from low to high with its title, and what is drawn by `draw(y)`. */
function chart(low, high, title, words, draw) {
  const y = (value) => 12 + ((high - value) / (high - low || 1)) * (HIGH - 12 - BOTTOM)
  const ticks = [...new Set([low, 0, high])].filter((one) => one >= low && one <= high)
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": words },
    ...ticks.flatMap((tick) => [
      svg("line", { x1: LEFT, x2: WIDE - 8, y1: y(tick), y2: y(tick), class: tick === 0 ? "zero" : "grid" }),
      svg("text", { x: LEFT - 5, y: y(tick) + 4, "text-anchor": "end" }, short(tick)),
    ]),
    svg(
      "text",
      { transform: `translate(11 ${(HIGH - BOTTOM + 12) / 2}) rotate(-90)`, "text-anchor": "middle", class: "title" },
      title,
    ),
    ...draw(y),
  )
}

const short = (value) => (Number.isInteger(value) ? fixed(value, 0) : fixed(value, Math.abs(value) < 10 ? 1 : 0))

/** The answers of one kernel, in front of those of the others. */
function angleChart(answers, kernel, title) {
  const high = Math.max(...answers.flat(), 0)
  const low = Math.min(...answers.flat(), 0)
  const x = (angle) => LEFT + ((WIDE - LEFT - 22) * angle) / 180
  const own = answers[kernel]
  const best = own.indexOf(Math.max(...own))
  const words = `Answer of ${title}: largest, ${figure(own[best])}, to a bar at ${ANGLES[best]}°; least ${figure(Math.min(...own))}.`
  return chart(low, high, "answer", words, (y) => {
    const line = (row, kind) =>
      svg("polyline", {
        class: kind,
        points: [...row, row[0]].map((value, at) => `${x(10 * at)},${y(value)}`).join(" "),
      })
    return [
      ...answers.filter((_, at) => at !== kernel).map((row) => line(row, "other")),
      line(own, "own"),
      ...own.map((value, at) => {
        const tip = svg("title", {}, `${ANGLES[at]}°: ${figure(value)}`)
        return svg("circle", { cx: x(ANGLES[at]), cy: y(value), r: 4, class: "own" }, tip)
      }),
      ...[0, 45, 90, 135, 180].map((angle) =>
        svg("text", { x: x(angle), y: HIGH - 16, "text-anchor": "middle" }, `${angle}°`),
      ),
      // What the angles look like.
      ...[0, 45, 90, 135, 180].map((angle) => {
        const [dx, dy] = [6 * Math.cos((angle * Math.PI) / 180), 6 * Math.sin((angle * Math.PI) / 180)]
        return svg("line", {
          ...{ x1: x(angle) - dx, x2: x(angle) + dx, y1: HIGH - 7 + dy, y2: HIGH - 7 - dy, class: "bar" },
        })
      }),
    ]
  })
}

/** A bar for each class. */
function costChart(names, points, what, words) {
  const high = Math.max(...points, 1)
  const low = Math.min(...points, 0)
  const wide = (WIDE - LEFT - 12) / names.length
  const all = names.map((name, at) => `${name}: ${fixed(points[at], 1)}`).join(", ")
  return chart(low, high, "points lost", `${words}. Points lost by each ${what}: ${all}.`, (y) =>
    points.flatMap((lost, at) => {
      const [x, top, foot] = [LEFT + at * wide, y(Math.max(0, lost)), y(Math.min(0, lost))]
      const tip = svg("title", {}, `${names[at]}: ${fixed(lost, 1)} points ${lost < 0 ? "gained" : "lost"}`)
      const shape = { x: x + 0.18 * wide, width: 0.64 * wide, y: top, height: Math.max(0.5, foot - top) }
      return [
        svg("rect", { ...shape, class: lost < 0 ? "gain" : "loss" }, tip),
        svg("text", { x: x + wide / 2, y: HIGH - 16, "text-anchor": "middle" }, names[at].slice(0, 5)),
      ]
    }),
  )
}

/** All that was measured so far, as cells: a row for each kernel. */
function costTable(rows, names, stage, what) {
  const most = Math.max(...rows.flat().map(Math.abs), 1)
  const canvas = el("canvas", { role: "img" })
  canvas.setAttribute(
    "aria-label",
    `Points that each ${what} loses without each kernel of ${stage.name}: ${rows.map((row, kernel) => `kernel ${kernel}: ${row.map((one, at) => `${names[at]} ${fixed(one, 1)}`).join(", ")}`).join("; ")}`,
  )
  paintCells(canvas, Float32Array.from(rows.flat()), rows.length, names.length, most, true)
  const label = (words) => el("span", {}, words)
  return el(
    "figure",
    { style: `--columns:${names.length};--rows:${rows.length}` },
    el("div", { className: "classes" }, ...names.map((name) => label(name.slice(0, 5)))),
    el("div", { className: "ids" }, ...rows.map((_, kernel) => label(`${kernel}`))),
    canvas,
    el(
      "figcaption",
      {},
      `A row for each kernel of ${stage.name}. Orange: the ${what} loses without it; blue: it gains; full colour is ${fixed(most, 1)} points.`,
    ),
  )
}
