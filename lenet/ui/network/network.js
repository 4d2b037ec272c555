// The network view: every layer of every chosen network on one canvas, from the 28 × 28 image to the ten probabilities,
// with the strongest terms between them as curves. Point at a cell and see what it looks at; click it, and its
// arithmetic opens.

import { desk, watch } from "./desk.js"
import { el, emptied, paintCells, still, zoomOf } from "./dom.js"
import { answerOf, look } from "./engine.js"
import { figure, nameOf, percent } from "./formatting.js"
import { explain, KINDS, looksAt, onMap, usedBy } from "./layers.js"
import { cellRect, layOut, stageAt } from "./layout.js"
import { LOOKS_AT, NEGATIVE, POSITIVE, USED_BY } from "./palette.js"
import { body, source } from "./panel.js"

const SWEEP = 900 // milliseconds
const STRONGEST = 10 // terms into a cell that is pointed at
const ABOVE = 530 // pixels of the page above the view
const TALLEST = 380 // pixels of the view, in the highest window
const NARROW = 560 // pixels of a telephone
const BESIDE = 200 // pixels of the view there, where a panel is to be seen with it
const WIDE = 3 // cells of the strongest path in each layer
const FAN = 2 // terms of each of them
const FONT = '12px "Source Sans", sans-serif'
const fontOf = (high) => FONT.replace("12", Math.min(12, Math.floor(high))) // in a line of that many pixels

/** follow: is told in each frame which cell is pointed at or pinned, in place of the panel here. */
export default function ({ data, root, follow = null }) {
  const kept = root.state // a rerun of the page keeps what is pinned
  root.stop?.()
  root.classList.add("network")
  const canvas = el("canvas", { tabIndex: 0, role: "application", className: "view" })
  canvas.setAttribute(
    "aria-label",
    "Every layer of the network. Arrow keys move from cell to cell and layer to layer, Enter opens the arithmetic of a number, Escape closes it.",
  )
  const readout = el("p", { className: "readout" })
  const replay = el("button", { type: "button", className: "replay" }, "Replay")
  const panel = el("section", { className: "panel", "aria-label": "The arithmetic of one number", hidden: true })
  const spoken = el("div", { className: "spoken", "aria-live": "polite" })
  root.replaceChildren(
    el("div", { className: "bar" }, readout, legend(), replay),
    canvas,
    ...(follow ? [] : [panel]),
    spoken,
  )
  const state = {
    canvas,
    plan: null,
    hover: null,
    pinned: kept?.pinned ?? null,
    trail: [],
    exact: false,
    all: false,
    sweep: 0,
    images: new Map(),
    layers: el("canvas", {}), // the painted layers, kept so that pointing at a cell need not paint them again
    stale: true, // whether they have changed since
  }
  root.state = state
  let frame = 0
  let width = 0

  let seen = true // whether any of it is on the screen: else painting would only cost time
  const ask = () => (seen || follow) && (frame ||= requestAnimationFrame(show))
  const repaint = () => {
    state.stale = true
    ask()
  }
  const show = (now) => {
    frame = 0
    if (state.sweep) {
      state.progress = (now - state.sweep) / SWEEP
      if (state.progress >= 1) state.sweep = 0
      state.stale = true
    }
    if (seen) paint(state)
    describe(readout, state)
    follow?.(state) // the panel may be on the screen alone
    if (state.sweep) ask()
  }
  const place = () => {
    width = root.clientWidth
    if (!width) return
    const networks = desk.networks.map(({ reader, about }) => reader?.network ?? bare(about))
    const zoom = zoomOf(root)
    const more = follow && width < NARROW ? BESIDE : spare(zoom) / networks.length
    state.plan = layOut(networks, width, Math.max(data.height, more))
    const ratio = (devicePixelRatio || 1) * zoom
    canvas.width = Math.round(width * ratio)
    canvas.height = Math.round(state.plan.height * ratio)
    canvas.style.height = `${state.plan.height}px`
    Object.assign(state.layers, { width: canvas.width, height: canvas.height })
    repaint()
  }
  const fill = () => {
    if (follow) return
    panel.hidden = !state.pinned
    if (state.pinned) panel.replaceChildren(...panelParts(state))
  }
  const sweep = () => {
    if (still()) return
    state.sweep = performance.now()
    ask()
  }
  const pin = (target, trail = []) => {
    Object.assign(state, { pinned: target, trail, all: false })
    fill()
    ask()
    if (target) spoken.textContent = `${nameOf(stageOf(target), target.cell)}. Its arithmetic is below.`
  }

  const target = (event) => {
    const box = canvas.getBoundingClientRect()
    const zoom = zoomOf(canvas)
    return state.plan && stageAt(state.plan, (event.clientX - box.left) / zoom, (event.clientY - box.top) / zoom)
  }
  const point = (next) => {
    if (same(next, state.hover)) return
    state.hover = next
    ask()
  }
  Object.assign(state, { point, pin, repaint })
  canvas.onpointermove = (event) => event.pointerType !== "touch" && point(target(event))
  canvas.onpointerleave = () => point(null)
  canvas.onclick = (event) => {
    const chosen = target(event)
    if (chosen) pin(chosen)
  }
  canvas.onkeydown = (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key]
    if (step) point(walk(state, step))
    else if (event.key === "Enter" || event.key === " ") state.hover && pin(state.hover)
    else return
    event.preventDefault()
    if (state.hover)
      spoken.textContent = `${nameOf(stageOf(state.hover), state.hover.cell)}: ${numberOf(stageOf(state.hover), state.hover)}`
  }
  root.onkeydown = (event) => {
    if (event.key === "Escape") pin(null)
  }
  panel.onclick = (event) => {
    const { stage, cell, all, unpin, trail } = event.target.closest("button")?.dataset ?? {}
    if (stage !== undefined) {
      const next = { ...state.pinned, stage: Number(stage), cell: Number(cell) }
      pin(next, trail === undefined ? [...state.trail, state.pinned] : state.trail.slice(0, Number(trail)))
      panel.querySelector("h3").focus({ preventScroll: true })
    } else if (all) {
      state.all = true
      fill()
    } else if (unpin) {
      pin(null)
      canvas.focus()
    }
  }
  panel.onchange = (event) => {
    state.exact = event.target.checked
    fill()
  }
  panel.onpointerover = (event) => {
    const { stage, cell } = event.target.closest("[data-stage]")?.dataset ?? {}
    point(stage === undefined ? null : { ...state.pinned, stage: Number(stage), cell: Number(cell) })
  }
  panel.onpointerleave = () => point(null)
  replay.onclick = sweep

  const unwatch = watch((what) => {
    if (what === "networks") state.pinned = null
    if (
      what === "networks" ||
      desk.networks.some(({ reader }, at) => reader && state.plan?.networks[at] !== reader.network)
    )
      place()
    if (what === "pen" && !desk.pen && desk.moment === null && !desk.writing) sweep()
    if (state.pinned && what === "read") fill()
    repaint()
  })
  const observer = new ResizeObserver(() => root.clientWidth !== width && place())
  observer.observe(root)
  const sight = new IntersectionObserver((entries) => {
    seen = entries.at(-1).isIntersecting
    repaint()
  })
  sight.observe(canvas)
  place()
  fill()
  root.stop = () => {
    unwatch()
    observer.disconnect()
    sight.disconnect()
    cancelAnimationFrame(frame)
  }
  return root.stop

  function stageOf({ network, stage }) {
    return state.plan.networks[network].stages[stage]
  }
}

/** Pixels below the board that a high window leaves to the view. */
const spare = (zoom) => Math.min(TALLEST, innerHeight / zoom - ABOVE)

const same = (a, b) => a?.network === b?.network && a?.stage === b?.stage && a?.cell === b?.cell

/** A network whose weights are on their way: its layers, all zero. */
function bare(about) {
  const stages = about.layers.map((layer, number) => ({
    ...layer,
    number,
    values: new Float32Array(layer.size.reduce((a, b) => a * b, 1)),
  }))
  return { name: about.name, stages, bare: true }
}

function legend() {
  return el(
    "div",
    { className: "legend" },
    el("span", {}, el("i", { className: "scale diverging" }), "blue negative, orange positive"),
    el("span", {}, el("i", { className: "scale sequential" }), "dark zero, bright large"),
    el(
      "span",
      {},
      el("i", { className: "swatch", style: `background:${POSITIVE}` }),
      el("i", { className: "swatch", style: `background:${NEGATIVE}` }),
      "strongest terms: adds, takes away",
    ),
  )
}

/** The next cell by the arrow keys: within its layer, or, from its edge on, in the layer beside. */
function walk({ plan, hover, pinned }, [right, down]) {
  if (!plan) return null
  const at = hover ?? pinned ?? { network: 0, stage: 0, cell: 0 }
  const from = plan.networks[at.network].bare
    ? at
    : { ...at, ...shownCell(plan.networks[at.network], at.stage, at.cell) }
  const stage = plan.networks[from.network].stages[from.stage]
  const { x, y, width, height } = cellRect(plan, from)
  const found = stageAt(plan, x + width / 2 + right * (width + 0.5), y + height / 2 + down * (height + 0.5))
  if (found?.stage === from.stage && found.network === from.network) return found
  if (down) {
    const columns = stage.shape[2]
    const next = from.cell + down * columns
    return next >= 0 && next < stage.values.length ? { ...from, cell: next } : from
  }
  const shown = plan.blocks.filter(({ network }) => network === from.network).map((block) => block.stage)
  const next = shown[shown.indexOf(from.stage) + right]
  return next === undefined ? from : { ...from, stage: next, cell: 0 }
}

function describe(readout, { plan, hover, pinned }) {
  const at = hover ?? pinned
  if (!at || !plan?.networks[at.network]) {
    readout.textContent = "Point at any cell to see what it looks at; click it to check its arithmetic."
    return
  }
  const stage = plan.networks[at.network].stages[at.stage]
  readout.textContent = `${nameOf(stage, at.cell)} = ${numberOf(stage, at)} · ${stage.about}`
}

/** What a cell holds, in words; of softmax also what the page makes of it (familiarity.js), where that is another share. */
function numberOf(stage, { network, cell }) {
  const value = stage.values[cell]
  if (stage.kind !== "softmax") return figure(value)
  const { familiar, reading } = desk.networks[network]
  const shown = percent(familiar && reading ? reading[cell] : value)
  const said = percent(value)
  return said === shown ? said : `${said} by softmax alone; the answer above shows ${shown}`
}

// --- Painting --------------------------------------------------------------------------------------------------------

function paint(state) {
  const { canvas, plan } = state
  if (!plan?.blocks.length) return // no network is here yet
  const text = getComputedStyle(canvas).color
  if (state.stale || text !== state.text) {
    const below = emptied(state.layers, plan)
    for (const block of plan.blocks) paintBlock(below, state, block, text)
    Object.assign(state, { stale: false, text })
  }
  const context = emptied(canvas, plan)
  const { layers } = state
  context.drawImage(layers, 0, 0, plan.width, (layers.height * plan.width) / layers.width)
  const at = state.hover ?? state.pinned
  if (at && plan.networks[at.network]) paintCell(context, state, at)
  else if (desk.image && !state.sweep) plan.networks.forEach((_, network) => paintPath(context, state, network))
  if (state.sweep) paintSweep(context, state)
}

/** The small picture of a stage, one pixel a cell, its maps under one another. */
function pictureOf({ images }, key, stage) {
  const [maps, rows, columns] = stage.shape
  const { signed, scale } = look(stage)
  if (!images.has(key)) images.set(key, document.createElement("canvas"))
  const picture = images.get(key)
  paintCells(picture, stage.values, maps * rows, columns, scale, signed)
  return picture
}

function paintBlock(context, state, block, text) {
  const { plan } = state
  const { network, stage: number, x, y, width, zoom, places, heading } = block
  const stage = plan.networks[network].stages[number]
  const [, rows, columns] = stage.shape
  context.globalAlpha = state.sweep && block.x > plan.width * state.progress && block.line >= plan.lines - 1 ? 0.35 : 1
  context.fillStyle = text
  context.font = FONT
  context.textBaseline = "alphabetic"
  context.textAlign = "left"
  context.fillText(heading, x, y - 4, width)
  if (block.bars) paintBars(context, state, block, text)
  else {
    const picture = pictureOf(state, `${network} ${stage.name}`, stage)
    context.imageSmoothingEnabled = false
    places.forEach(([left, top], map) => {
      const wide = block.ten ? block.cellWidth : columns * zoom
      context.drawImage(picture, 0, map * rows, columns, rows, left, top, wide, rows * zoom)
      context.strokeStyle = text
      context.lineWidth = 0.5
      context.globalAlpha *= 0.35
      context.strokeRect(left, top, wide, rows * zoom)
      context.globalAlpha /= 0.35
    })
  }
  context.globalAlpha = 1
}

/** Softmax is the answer: ten bars. */
function paintBars(context, { plan }, { network, stage, x, width, places, zoom }, text) {
  const { values } = plan.networks[network].stages[stage]
  const { colour, reading } = desk.networks[network]
  const answer = reading ? answerOf(values) : null
  places.forEach(([, top], digit) => {
    const share = reading ? Number(values[digit]) || 0 : 0
    const room = Math.max(10, width - 62)
    context.textBaseline = "middle"
    context.textAlign = "left"
    context.font = digit === answer ? `700 ${fontOf(zoom)}` : fontOf(zoom)
    context.fillStyle = text
    context.fillText(`${digit}`, x, top + zoom / 2)
    context.globalAlpha = 0.06
    context.fillRect(x + 12, top + 1, room, zoom - 2)
    context.globalAlpha = 1
    context.fillStyle = colour
    context.fillRect(x + 12, top + 1, room * share, zoom - 2)
    context.fillStyle = text
    if (reading && (digit === answer || share > 0.005))
      context.fillText(percent(share, true), x + 16 + room, top + zoom / 2)
  })
}

/** What a cell looks at on every layer before, and the strongest terms into it. */
function paintCell(context, state, at) {
  const { plan } = state
  const net = plan.networks[at.network]
  if (net.bare) return
  const fields = looksAt(net, at.stage, at.cell)
  for (const block of plan.blocks.filter(({ network, stage }) => network === at.network && stage < at.stage)) {
    ring(context, block, net.stages[block.stage], fields[block.stage])
  }
  const using = usedBy(net, at.stage, at.cell)
  for (const block of plan.blocks.filter(({ network, stage }) => network === at.network && stage > at.stage))
    if (!block.bars) ring(context, block, net.stages[block.stage], using[block.stage], USED_BY)
  if (desk.image) curves(context, state, termsInto(net, at.stage, at.cell, STRONGEST), at.network)
  const rect = cellRect(plan, { ...at, ...shownCell(net, at.stage, at.cell) })
  context.lineWidth = 2
  context.strokeStyle = "#0b1020"
  context.strokeRect(rect.x - 1.5, rect.y - 1.5, rect.width + 3, rect.height + 3)
  context.strokeStyle = "#ffffff"
  context.strokeRect(rect.x - 0.5, rect.y - 0.5, rect.width + 1, rect.height + 1)
}

/** A rectangle around the cells of a field, on each map that has some. */
function ring(context, { places, zoom }, { shape: [, rows, columns] }, field, colour = LOOKS_AT) {
  const { plane } = field
  let [top, left, bottom, right] = [rows, columns, 0, 0]
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++)
      if (plane[r * columns + c]) {
        top = Math.min(top, r)
        left = Math.min(left, c)
        bottom = Math.max(bottom, r + 1)
        right = Math.max(right, c + 1)
      }
  if (bottom <= top) return
  if (colour === USED_BY && bottom - top === rows && right - left === columns) return // all of it: nothing to point out
  places.forEach(([x, y], number) => {
    if (!onMap(field, number)) return
    for (const [line, wide, dashes] of [
      ["#0b1020", 3.5, []],
      [colour, 1.8, colour === USED_BY ? [4, 3] : []],
    ]) {
      context.strokeStyle = line
      context.lineWidth = wide
      context.setLineDash(dashes)
      context.strokeRect(x + left * zoom, y + top * zoom, (right - left) * zoom, (bottom - top) * zoom)
    }
    context.setLineDash([])
  })
}

/** The terms of a cell by their size, largest first, those of layers that only rearrange followed to their source. */
function termsInto(net, number, cell, most) {
  const found = explain(net, number, cell)
  const terms = found.groups && !found.terms.length ? found.groups.flatMap(({ terms: own }) => own) : found.terms
  return terms
    .filter(({ product, stage }) => product && stage < number)
    .sort((a, b) => Math.abs(b.product) - Math.abs(a.product))
    .slice(0, most)
    .map((term) => ({ ...term, from: shownCell(net, term.stage, term.cell), to: { stage: number, cell } }))
}

/** The cell that is drawn for a cell of a layer that only rearranges. */
function shownCell(net, stage, cell) {
  let at = { stage, cell }
  while (!net.stages[at.stage].computes) {
    const [term] = KINDS[net.stages[at.stage].kind].explain(
      net.stages[at.stage],
      net.stages[at.stage - 1],
      at.cell,
    ).terms
    at = { stage: term.stage, cell: term.cell }
  }
  return at
}

/** From the answer back to the pixels along the largest terms. */
function strongestPath(net) {
  const path = []
  const last = net.stages.length - 1
  let cells = [{ stage: last, cell: answerOf(net.stages[last].values) ?? 0 }]
  while (cells[0].stage > 0) {
    const terms = cells.flatMap(({ stage, cell }) => termsInto(net, stage, cell, FAN))
    // Softmax adds up all ten: the way back is that of its own score.
    const useful = cells[0].stage === last ? terms.filter(({ cell }) => cell === cells[0].cell) : terms
    const strongest = useful.sort((a, b) => Math.abs(b.product) - Math.abs(a.product)).slice(0, WIDE * FAN)
    if (!strongest.length) break
    path.push(...strongest)
    const next = new Map(strongest.map(({ from }) => [`${from.stage} ${from.cell}`, from]))
    cells = [...next.values()].slice(0, WIDE)
  }
  return path
}

function paintPath(context, state, network) {
  const net = state.plan.networks[network]
  if (!net.bare && desk.networks[network].reading) curves(context, state, strongestPath(net), network, 0.55)
}

/** Terms as curves from their source to the cell: as wide as the product is large, in the colour of its sign. */
function curves(context, { plan }, terms, network, alpha = 0.9) {
  const most = new Map()
  for (const { to, product } of terms) most.set(to.stage, Math.max(most.get(to.stage) ?? 0, Math.abs(product)))
  context.lineCap = "round"
  for (const { from, to, product } of [...terms].reverse()) {
    const [a, b] = [cellRect(plan, { network, ...from }), cellRect(plan, { network, ...to })]
    if (!a || !b) continue
    const [x1, y1, x2, y2] = [a.x + a.width / 2, a.y + a.height / 2, b.x + b.width / 2, b.y + b.height / 2]
    const share = Math.abs(product) / most.get(to.stage)
    const bend = (x2 - x1) / 2
    context.beginPath()
    context.moveTo(x1, y1)
    context.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2)
    context.strokeStyle = product < 0 ? NEGATIVE : POSITIVE
    context.globalAlpha = alpha * 0.3
    context.lineWidth = 3 + 5 * share
    context.stroke()
    context.globalAlpha = alpha
    context.lineWidth = 0.6 + 2.4 * share
    context.stroke()
  }
  context.globalAlpha = 1
}

/** One sweep from left to right: a light that runs over the layers, and the kernel on the map that it leaves. */
function paintSweep(context, state) {
  const { plan, progress } = state
  const x = plan.width * progress
  const light = context.createLinearGradient(x - 60, 0, x, 0)
  light.addColorStop(0, "rgba(230, 159, 0, 0)")
  light.addColorStop(1, "rgba(230, 159, 0, 0.35)")
  context.fillStyle = light
  context.fillRect(x - 60, 0, 60, plan.height)
  for (const block of plan.blocks) {
    const stages = plan.networks[block.network].stages
    const next = stages.slice(block.stage + 1).find(({ computes }) => computes)
    const target = next && plan.blocks.find(({ network, stage }) => network === block.network && stage === next.number)
    if (!target || next.window[0] < 2 || x < block.x || x > target.x + target.width || target.line !== block.line)
      continue
    const share = (x - block.x) / (target.x + target.width - block.x)
    const [kernel, stride] = next.window
    const [, rows, columns] = next.shape
    const at = Math.min(rows * columns - 1, Math.floor(share * rows * columns))
    const [row, column] = [Math.floor(at / columns), at % columns]
    for (const [left, top] of block.places) {
      context.strokeStyle = LOOKS_AT
      context.lineWidth = 1.5
      context.strokeRect(
        left + column * stride * block.zoom,
        top + row * stride * block.zoom,
        kernel * block.zoom,
        kernel * block.zoom,
      )
    }
  }
}

function panelParts({ plan, pinned, trail, exact, all }) {
  const net = plan.networks[pinned.network]
  const stage = net.stages[pinned.stage]
  const way = trail.flatMap((cell, index) => {
    const button = source(net, cell)
    button.dataset.trail = index
    return [button, " ‹ "]
  })
  return [
    el(
      "div",
      { className: "head" },
      el("h3", { tabIndex: -1 }, nameOf(stage, pinned.cell)),
      el("p", { className: "value" }, figure(stage.values[pinned.cell], exact)),
      el("label", {}, el("input", { type: "checkbox", checked: exact }), " exact figures"),
      el("button", { type: "button", "data-unpin": "true", title: "Escape does the same" }, "Close"),
    ),
    way.length ? el("nav", { className: "trail", "aria-label": "The way here" }, ...way) : "",
    el("div", { className: "body" }, ...(net.bare ? [] : body(net, pinned.stage, pinned.cell, { exact, all }))),
  ]
}
