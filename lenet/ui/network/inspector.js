// The inspector: the strip of all layers and the panel. One state, one render loop; all arithmetic is elsewhere.

import { el } from "./dom.js"
import { look, Network } from "./engine.js"
import { figure, nameOf, shortName } from "./formatting.js"
import { blocks, cellAt, neighbour } from "./inspector-layout.js"
import { lensCell, outlines, paintLens, stripParts } from "./inspector-strip.js"
import { place } from "./layers.js"
import { body, source } from "./panel.js"

const WAIT = 400 // milliseconds after the last move before a screen reader is told where we are
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

export default function ({ data, parentElement }) {
  const begun = performance.now()
  const root = parentElement.querySelector(".inspector")
  root.halt?.()
  const view = new View(root, unpack(data))
  listenToStrip(view)
  listenToPanel(view)
  // A handler that returns false would keep Tab from moving on.
  root.onkeydown = (event) => {
    if (event.key === "Escape") view.pin(null)
  }
  view.fill()
  view.layOut()
  requestAnimationFrame(() => {
    root.dataset.painted = (performance.now() - begun).toFixed(1) // milliseconds; the bench reads it
    root.dataset.mark = view.state.net.mark
  })
  const observer = new ResizeObserver(() => view.strip.clientWidth !== view.width && view.layOut())
  observer.observe(view.strip)
  root.halt = () => {
    observer.disconnect()
    view.halt()
  }
  return root.halt
}

/** The network of a message, with PyTorch's values: four bytes of length, a description in JSON, then float32 numbers, to
 *  which [start, size] point. */
function unpack(bytes) {
  const copy = bytes.slice() // aligned, whatever the message around it was
  const length = new DataView(copy.buffer).getUint32(0, true)
  const about = JSON.parse(new TextDecoder().decode(copy.subarray(4, 4 + length)))
  const floats = new Float32Array(copy.buffer, 4 + length)
  const part = ([start, size]) => floats.subarray(start, start + size)
  const tensors = Object.fromEntries(Object.entries(about.tensors).map(([name, at]) => [name, part(at)]))
  const net = new Network(about, tensors)
  net.fill(part(about.values))
  return Object.assign(net, { mark: about.mark })
}

/** Strip and panel of one network; both are made of `state` alone. */
class View {
  constructor(root, net) {
    for (const layer of net.stages) Object.assign(layer, look(layer))
    this.strip = root.querySelector(".strip")
    this.panel = root.querySelector(".panel")
    this.readout = root.querySelector(".readout")
    this.spoken = root.querySelector(".spoken")
    const old = root.state
    const pinned = old?.pinned && fits(net, old) ? old.pinned : winner(net)
    this.state = {
      ...{ net, pinned, hover: null, trail: [] },
      ...{ exact: old?.exact ?? false, all: false },
      focus: net.stages.map((layer) => (layer.number === pinned.stage ? pinned.cell : 0)), // where the arrow keys are
      ...{ zoom: [], canvases: [], overlays: [], drawn: new Set() }, // by number of the layer
    }
    root.state = this.state
  }

  /** Ask for one paint of the outlines in the next frame, however many moves come before it. */
  touch() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0
      outlines(this.state, this.readout)
    })
  }

  /** Tell a screen reader, once it has been quiet for a while. */
  say(text) {
    clearTimeout(this.telling)
    this.telling = setTimeout(() => {
      this.spoken.textContent = text
    }, WAIT)
  }

  told({ stage, cell }) {
    const layer = this.state.net.stages[stage]
    return `${nameOf(layer, cell)}: ${figure(layer.values[cell])}`
  }

  hover(target) {
    const { hover } = this.state
    if (target?.stage === hover?.stage && target?.cell === hover?.cell) return
    this.state.hover = target
    this.touch()
  }

  /** Take a number apart, or none. trail: the cells that led here by the panel's buttons. */
  pin(target, trail = []) {
    Object.assign(this.state, { pinned: target, hover: null, trail, all: false })
    if (target) this.state.focus[target.stage] = target.cell
    this.fill()
    this.touch()
    if (target) this.say(`${this.told(target)}. Its arithmetic is in the panel.`)
  }

  fill() {
    this.panel.replaceChildren(...panelParts(this.state))
    const lens = this.panel.querySelector("canvas.lens")
    if (lens) paintLens(lens, this.state)
  }

  layOut() {
    const { state, strip } = this
    this.width = strip.clientWidth
    const focused = strip.getRootNode().activeElement?.dataset.number // a scroll bar may come while the keys are here
    const rows = blocks(state.net.stages).length
    const tall = Math.max(90, Math.min(230, (window.innerHeight - 270) / rows - 42))
    strip.replaceChildren(...stripParts(state, this.width, this.width < 600 ? 140 : tall))
    state.drawn.clear()
    outlines(state, this.readout)
    if (focused) state.canvases[focused]?.focus({ preventScroll: true, focusVisible: true })
  }

  halt() {
    cancelAnimationFrame(this.frame)
    clearTimeout(this.telling)
  }
}

function listenToStrip(view) {
  const { state, strip } = view
  const { stages } = state.net
  const target = (event) => {
    const canvas = event.target.closest?.("canvas[data-number]")
    if (!canvas) return null
    const layer = stages[Number(canvas.dataset.number)]
    const zoom = state.zoom[layer.number]
    const cell = cellAt(layer, event.offsetX / zoom, event.offsetY / zoom)
    return cell === null ? null : { stage: layer.number, cell }
  }
  strip.onpointermove = (event) => {
    if (event.pointerType !== "touch") view.hover(target(event))
  }
  strip.onpointerleave = () => view.hover(null)
  strip.onclick = (event) => {
    const chosen = target(event)
    if (!chosen) return
    view.pin(chosen)
    const below = view.panel.getBoundingClientRect().top > innerHeight // as on a phone
    if (below) view.panel.scrollIntoView({ behavior: "smooth" })
  }
  strip.onfocusin = (event) => {
    if (!event.target.matches(":focus-visible")) return
    const stage = Number(event.target.dataset.number)
    view.hover({ stage, cell: state.focus[stage] })
    view.say(view.told(state.hover))
  }
  strip.onfocusout = () => view.hover(null)
  strip.onkeydown = (event) => {
    const layer = stages[Number(event.target.dataset.number)]
    if (!layer) return
    const stage = layer.number
    const step = ARROWS[event.key]
    if (step) {
      state.focus[stage] = neighbour(layer, state.focus[stage], step) ?? state.focus[stage]
      view.hover({ stage, cell: state.focus[stage] })
      view.say(view.told(state.hover))
    } else if (event.key === "Enter" || event.key === " ") view.pin({ stage, cell: state.focus[stage] })
    else return
    event.preventDefault()
  }
}

function listenToPanel(view) {
  const { state, panel } = view
  panel.onclick = (event) => {
    const { stage, cell, move, all, unpin, trail } = event.target.closest("button")?.dataset ?? {}
    const here = state.pinned
    if (event.target.closest("canvas.lens")) {
      const at = lensCell(state, event)
      if (at !== null) view.pin({ stage: here.stage, cell: at })
    } else if (stage !== undefined) {
      const way = trail === undefined ? [...state.trail, here].filter(Boolean) : state.trail.slice(0, Number(trail))
      view.pin({ stage: Number(stage), cell: Number(cell) }, way)
      panel.scrollTop = 0
      panel.querySelector("h3")?.focus({ preventScroll: true })
    } else if (move) {
      const next = neighbour(state.net.stages[here.stage], here.cell, move.split(",").map(Number))
      if (next !== null) view.pin({ stage: here.stage, cell: next })
      panel.querySelector(`[data-move="${move}"]`)?.focus({ preventScroll: true })
    } else if (all) {
      state.all = true
      view.fill()
    } else if (unpin) view.pin(null)
  }
  panel.onchange = (event) => {
    if (!event.target.matches("[name=exact]")) return
    state.exact = event.target.checked
    view.fill()
    panel.querySelector("[name=exact]").focus({ preventScroll: true })
  }
  panel.onpointerover = (event) => {
    const { stage, cell } = event.target.closest("[data-stage]")?.dataset ?? {}
    view.hover(stage === undefined ? null : { stage: Number(stage), cell: Number(cell) })
  }
  panel.onpointerleave = () => view.hover(null)
  panel.onkeydown = (event) => {
    const grid = event.target.closest(".grid")
    if (!grid || !ARROWS[event.key]) return
    const [right, down] = ARROWS[event.key]
    const cells = [...grid.children]
    const columns = Number(grid.style.getPropertyValue("--columns"))
    const next = cells[cells.indexOf(event.target) + right + down * columns]
    if (!next?.matches("button")) return
    event.preventDefault()
    next.focus()
  }
}

/** Whether what was pinned in the old network is there in the new one too. */
function fits(net, { net: old, pinned }) {
  const [one, two] = [old.layers[pinned.stage], net.stages[pinned.stage]]
  return two && one.name === two.name && `${one.size}` === `${two.size}` && old.name === net.name
}

/** The largest probability: where a walk back begins. */
function winner({ stages, probabilities }) {
  return { stage: stages.length - 1, cell: Math.max(0, probabilities.indexOf(Math.max(...probabilities))) }
}

/** The panel: its head, and one number taken apart. */
function panelParts(state) {
  const { net, pinned, trail } = state
  if (!pinned) {
    const what = "Point at a cell of any layer: outlines show what it looks at (solid) and what it is used by (dashed)."
    return [
      el("h3", { tabIndex: -1 }, "No cell selected"),
      el("p", {}, what, " Click it, tap it, or press Enter, and its arithmetic is here."),
      el("p", {}, source(net, winner(net), "Begin with the largest probability")),
    ]
  }
  const layer = net.stages[pinned.stage]
  const label = `${layer.name}, enlarged; a tap chooses a cell`
  return [
    trail.length ? trailParts(state, layer) : null,
    el(
      "div",
      { className: "head" },
      title(state, layer),
      el(
        "figure",
        {},
        el("canvas", { className: "lens", role: "img", "aria-label": label }),
        el("figcaption", {}, layer.shape[0] > 1 ? `map ${place(layer, pinned.cell)[0]}, enlarged` : "enlarged"),
      ),
    ),
    el("div", { className: "body" }, ...body(net, pinned.stage, pinned.cell, state, layer.values[pinned.cell])),
  ].filter(Boolean)
}

/** The cells that led here. */
function trailParts({ net, pinned, trail }, layer) {
  const steps = trail.flatMap((cell, index) => {
    const button = source(net, cell)
    button.dataset.trail = index
    return [button, " ‹ "]
  })
  const here = el("span", {}, shortName(layer, pinned.cell))
  return el("nav", { className: "trail", "aria-label": "The way here" }, ...steps, here)
}

function title({ pinned, exact }, layer) {
  const arrow = (text, move, label) =>
    el("button", { type: "button", "data-move": move, "aria-label": label, title: label }, text)
  const arrows = [
    arrow("←", "-1,0", "one cell to the left"),
    arrow("↑", "0,-1", "one cell up"),
    arrow("↓", "0,1", "one cell down"),
    arrow("→", "1,0", "one cell to the right"),
  ]
  const unpin = el("button", { type: "button", "data-unpin": "true", title: "Escape does the same" }, "Unpin")
  return el(
    "div",
    { className: "title" },
    el("h3", { tabIndex: -1 }, nameOf(layer, pinned.cell)),
    el("p", { className: "value" }, figure(layer.values[pinned.cell], exact)),
    el("div", { className: "tools" }, ...arrows, unpin),
    el("label", {}, el("input", { type: "checkbox", name: "exact", checked: exact }), " exact figures"),
  )
}
