// How the error of one picture ran back through the network: in grey what each layer made on the way forward, and over
// it, layer by layer from the logits to the first convolution, the error of each of these numbers.

import { decoded, decodedBytes, el, emptied, paintCells, still } from "../dom.js"
import { figure, fixed, nameOf } from "../formatting.js"
import { KINDS } from "../layers.js"
import { cellRect, layOut, stageAt } from "../layout.js"
import { GREYS, LOOKS_AT } from "../palette.js"

const PACE = 1400 // milliseconds that the error takes through a layer
const HEIGHT = 250 // pixels of the network, where it stands on one line
const FONT = '12px "Source Sans", sans-serif'
const SMALL = '11px "Source Sans", sans-serif'

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".backward")
  const step = `${data.run} ${data.step}`
  if (root.step === step) return () => {}
  root.step = step
  root.stop?.()
  root.stop = build(root, data)
  return () => {}
}

/** The layers of a picture: values, and errors where there are any; the probabilities last. */
export function stagesOf({ layers, smoothing, classes }, { values, errors, label }) {
  const stages = layers.map((layer, number) => {
    const { cells, scale } = values[layer.name] ?? { cells: "", scale: 1 }
    return {
      ...layer,
      number,
      scale,
      values: Float32Array.from(decodedBytes(cells), (byte) => ((byte - 128) / 127) * scale),
      errors: errors[layer.name] ? decoded(errors[layer.name]) : null,
    }
  })
  const [logits, softmax] = stages.slice(-2)
  softmax.wanted = Array.from({ length: 10 }, (_, k) => smoothing / 10 + (k === label ? 1 - smoothing : 0))
  softmax.values = logits.errors.map((error, k) => error + softmax.wanted[k]) // the error is p − y
  softmax.names = softmax.wanted.map((_, k) => classes[k] ?? "–")
  return stages
}

/** The layers that the error reaches, in its order. */
export const wayBack = (stages) => stages.filter(({ computes, errors }) => computes && errors).reverse()

function build(root, data) {
  const all = data.pictures.map((picture) => stagesOf(data, picture))
  // The same colours for all pictures: one that was read correctly has hardly any error.
  const scales = all[0].map((_, number) =>
    Math.max(...all.map((stages) => largest(stages[number].errors ?? [])), Number.MIN_VALUE),
  )
  const canvas = el("canvas", { tabIndex: 0, role: "application" })
  canvas.setAttribute("aria-label", "Every layer with its errors. Arrow keys move from number to number.")
  const said = el("p", { className: "told" })
  const readout = el("p", { className: "small", "aria-live": "polite" })
  const button = el("button", { type: "button" })
  const back = el("button", { type: "button" }, "One layer back")
  const slider = el("input", { type: "range", min: 0, "aria-label": "How far the error has come" })
  const select = el("select", { "aria-label": "Picture of the batch" }, ...data.pictures.map(option(data.classes)))
  const state = { canvas, scales, plan: null, stages: all[0], way: wayBack(all[0]), moment: 0, share: 1, hover: null }
  let [frame, begun, playing] = [0, 0, false]

  const ask = () => {
    frame ||= requestAnimationFrame(show)
  }
  const show = (now) => {
    frame = 0
    if (playing && canvas.isConnected) {
      begun ||= now
      state.share = still() ? 1 : Math.min(1, (now - begun) / PACE)
      if (now - begun >= PACE) {
        begun = now
        if (state.moment === state.way.length) hold()
        else go(state.moment + 1, still() ? 1 : 0)
      }
      if (playing) ask()
    }
    paint(state)
    readout.textContent = pointed(state)
  }
  const go = (moment, share = 1) => {
    Object.assign(state, { moment, share })
    slider.value = moment
    back.disabled = moment === state.way.length
    said.textContent = sentence(data, state)
    ask()
  }
  const hold = (on = true) => {
    playing = !on
    begun = 0
    button.textContent = on ? "▶ Play" : "❚❚ Hold"
    said.setAttribute("aria-live", on ? "polite" : "off")
    if (on) state.share = 1
    ask()
  }
  const place = () => {
    if (!root.clientWidth) return
    const zoom = canvas.getBoundingClientRect().width / canvas.clientWidth || 1
    state.plan = layOut([{ stages: state.stages }], root.clientWidth, HEIGHT)
    const ratio = (devicePixelRatio || 1) * zoom
    canvas.width = Math.round(root.clientWidth * ratio)
    canvas.height = Math.round(state.plan.height * ratio)
    canvas.style.height = `${state.plan.height}px`
    ask()
  }
  button.onclick = () => {
    if (!playing && state.moment === state.way.length) go(0)
    hold(playing)
  }
  back.onclick = () => {
    hold()
    go(Math.min(state.way.length, state.moment + 1))
  }
  slider.oninput = () => {
    hold()
    go(Number(slider.value))
  }
  select.onchange = () => {
    state.stages = all[select.selectedIndex]
    state.way = wayBack(state.stages)
    place()
    go(state.moment)
  }
  const target = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect()
    const zoom = box.width / canvas.clientWidth || 1
    return state.plan && stageAt(state.plan, (clientX - box.left) / zoom, (clientY - box.top) / zoom)
  }
  canvas.onpointermove = (event) => {
    state.hover = target(event)
    ask()
  }
  canvas.onpointerleave = () => {
    state.hover = null
    ask()
  }
  canvas.onkeydown = (event) => {
    const next = moved(state, event.key)
    if (!next) return
    state.hover = next
    event.preventDefault()
    ask()
  }
  slider.max = state.way.length
  const observer = new ResizeObserver(place)
  root.replaceChildren(
    el("h2", {}, `Where the gradient came from: step ${data.step.toLocaleString("en")}, backwards`),
    el("div", { className: "player" }, button, back, slider, el("label", {}, "Picture ", select)),
    said,
    canvas,
    legend(),
    readout,
  )
  observer.observe(root)
  place()
  go(still() ? state.way.length : 0)
  hold(still())
  return () => {
    observer.disconnect()
    cancelAnimationFrame(frame)
  }
}

const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)

const option =
  (classes) =>
  ({ label, loss }, at) =>
    el("option", {}, `${classes[label]}, the ${at ? "smallest" : "largest"} loss of the batch: ${loss}`)

function legend() {
  return el(
    "p",
    { className: "legend" },
    "a larger number here would lower the loss ",
    el("i", { className: "diverging" }),
    " raise it. Each layer on a scale of its own, ± below it; grey: the way forward.",
  )
}

/** What the error has just done, for a class. */
export function sentence({ classes, gradients }, { stages, way, moment }) {
  const [{ values, wanted, names }] = stages.slice(-1)
  const label = wanted.indexOf(Math.max(...wanted))
  const answer = values.indexOf(Math.max(...values))
  const sure = (share) => `${fixed(100 * share, 1)} %`
  if (!moment)
    return `Forward: a ${classes[label]}, read as ${names[answer]} with ${sure(values[answer])}. Now the error goes back.`
  if (moment === 1) {
    const [, other] = [...values.keys()].sort((a, b) => (b === label) - (a === label) || values[b] - values[a])
    const sums = [label, other].map(
      (k) => `${names[k]}: ${sure(values[k])} − ${sure(wanted[k])} = ${figure(values[k] - wanted[k])}`,
    )
    return `It begins at the logits: what softmax said minus what the label wants. ${sums.join("; ")}.`
  }
  const [through, here] = way.slice(moment - 2, moment)
  const gradient = gradients[here.name]
  const parts = [`Through ${through.name}: ${KINDS[through.kind].back ?? "by the chain rule"}.`]
  if (gradient)
    parts.push(
      `Gradients of ${here.name}'s weights: what came in × these errors, over all pictures. All together ${gradient}.`,
    )
  if (moment === way.length) parts.push("The picture can't be changed, so the way ends here.")
  return parts.join(" ")
}

function pointed({ hover, stages }) {
  if (!hover) return "Point at a number to read its error."
  const stage = stages[hover.stage]
  if (stage.errors) return `${nameOf(stage, hover.cell)}: error ${small(stage.errors[hover.cell])}`
  if (stage.wanted)
    return `${stage.names[hover.cell]}: softmax says ${fixed(100 * stage.values[hover.cell], 1)} %, the label wants ${fixed(100 * stage.wanted[hover.cell], 1)} %`
  return `${nameOf(stage, hover.cell)}: the picture`
}

/** A number of any size. */
const small = (value) => figure(value, false, Math.abs(value) < 1e-3 ? 2 : 4)

/** The number beside the one that is pointed at: within a layer up and down, from its edge on to the layer beside. */
function moved({ plan, hover, stages }, key) {
  const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key]
  if (!by || !plan) return null
  const shown = plan.blocks.map(({ stage }) => stage)
  const at = hover ?? { network: 0, stage: shown.at(-1), cell: 0 }
  const { shape, values } = stages[at.stage]
  const column = (at.cell % shape[2]) + by[0]
  const cell = at.cell + by[0] + by[1] * shape[2]
  if (column >= 0 && column < shape[2] && cell >= 0 && cell < values.length) return { ...at, cell }
  const next = shown[shown.indexOf(at.stage) + by[0]]
  return by[0] && next !== undefined ? { network: 0, stage: next, cell: 0 } : at
}

// --- Painting --------------------------------------------------------------------------------------------------------

function paint(state) {
  const { canvas, plan, way, moment, share } = state
  if (!plan) return
  const context = emptied(canvas, plan)
  const text = getComputedStyle(canvas).color
  const line = plan.height / plan.lines
  for (const block of plan.blocks) {
    const stage = state.stages[block.stage]
    const turn = way.indexOf(stage) + 1 // the moment at which the error comes here
    const come = !turn || turn > moment ? 0 : turn === moment ? share : 1
    context.fillStyle = text
    context.font = turn && turn === moment ? `700 ${FONT}` : FONT
    context.textBaseline = "alphabetic"
    context.textAlign = "left"
    context.fillText(block.heading, block.x, block.y - 4, block.width)
    if (block.bars) bars(context, block, stage, text)
    else maps(context, block, stage, { come, scale: state.scales[stage.number], text })
    if (!come) continue
    context.font = SMALL
    context.fillStyle = text
    context.fillText(`± ${small(state.scales[stage.number])}`, block.x, (block.line + 1) * line - 1, block.width)
  }
  if (state.hover) {
    const { x, y, width, height } = cellRect(plan, state.hover)
    context.strokeStyle = text
    context.lineWidth = 1.5
    context.strokeRect(x - 1, y - 1, width + 2, height + 2)
  }
}

const pictures = new WeakMap() // of a layer: its values and its errors, one pixel a number

function picturesOf(stage, scale) {
  if (!pictures.has(stage)) {
    const [count, rows, columns] = stage.shape
    const [values, errors] = [document.createElement("canvas"), document.createElement("canvas")]
    const signed = stage.values.some((value) => value < 0)
    paintCells(
      values,
      signed ? stage.values.map(Math.abs) : stage.values,
      count * rows,
      columns,
      stage.scale,
      false,
      GREYS,
    )
    if (stage.errors) paintCells(errors, stage.errors, count * rows, columns, scale, true)
    pictures.set(stage, [values, errors])
  }
  return pictures.get(stage)
}

/** The maps of a layer; their right part, a share of `come`, shows errors. */
function maps(context, block, stage, { come, scale, text }) {
  const [values, errors] = picturesOf(stage, scale)
  const [, rows, columns] = stage.shape
  const [wide, high] = [block.ten ? block.cellWidth : columns * block.zoom, rows * block.zoom]
  const left = Math.min(...block.places.map(([x]) => x))
  const right = Math.max(...block.places.map(([x]) => x)) + wide
  const edge = right - (right - left) * come
  context.imageSmoothingEnabled = false
  const draw = (picture, from, to) => {
    context.save()
    context.beginPath()
    context.rect(from, 0, to - from, context.canvas.height)
    context.clip()
    block.places.forEach(([x, y], map) => {
      context.drawImage(picture, 0, map * rows, columns, rows, x, y, wide, high)
    })
    context.restore()
  }
  draw(values, left, edge)
  if (come) draw(errors, edge, right)
  context.strokeStyle = text
  context.lineWidth = 0.5
  context.globalAlpha = 0.35
  for (const [x, y] of block.places) context.strokeRect(x, y, wide, high)
  context.globalAlpha = 1
  if (come > 0 && come < 1) {
    context.fillStyle = LOOKS_AT
    const top = Math.min(...block.places.map(([, y]) => y))
    context.fillRect(edge - 1.5, top, 3, Math.max(...block.places.map(([, y]) => y)) + high - top)
  }
}

/** What softmax said, and a frame around what the label wants. */
function bars(context, { x, width, places, zoom }, { values, wanted, names }, text) {
  const room = Math.max(10, width * 0.55)
  const label = wanted.indexOf(Math.max(...wanted))
  context.textBaseline = "middle"
  context.fillStyle = text
  places.forEach(([, top], k) => {
    context.font = k === label ? `700 ${FONT}` : FONT
    context.fillText(names[k], x, top + zoom / 2, width - room - 6)
    const from = x + width - room
    context.globalAlpha = 0.12
    context.fillRect(from, top + 1, room, zoom - 2)
    context.globalAlpha = 1
    context.fillRect(from, top + 1, room * values[k], zoom - 2)
    if (k !== label) return
    context.strokeStyle = LOOKS_AT
    context.lineWidth = 2
    context.strokeRect(from, top + 1, room - 1, zoom - 2)
  })
}
