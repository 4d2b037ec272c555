// The page Look inside: the network view, opened. What is pointed at is taken apart in the panel below it; every weight
// can be changed, and the network, the answer and the accuracy on a thousand test digits follow. All of it is computed
// here.

import { desk, look as layOnDesk, watch } from "../desk.js"
import { decoded, el, still, styled } from "../dom.js"
import { ownerOf, piecesOf, scaled } from "../edits.js"
import { answerOf, look } from "../engine.js"
import { figure, nameOf, percent, plainly } from "../formatting.js"
import { count, explain, looksAt, usedBy } from "../layers.js"
import network from "../network.js"
import { body, source } from "../panel.js"
import { provide } from "../reader.js"
import { addUp } from "./adding.js"
import { challengesView } from "./challenges.js"
import { edits } from "./editable.js"
import { editorView } from "./editor.js"
import { neighbour, strongestEdge } from "./places.js"
import { scoresView } from "./scores.js"

const SPEED = 70 // milliseconds that a kernel on its way rests on a cell
const WAIT = 400 // milliseconds after the last move before a screen reader is told where we are
const LEAST = 3 // pixels that a pressed weight must be moved to be dragged
const PIXEL = 0.01 // by which a pixel changes a weight that is dragged
const FINE = 0.001 // the same with Shift
const ADD = "Add it up"
const MOVES = { "←": [-1, 0, "left"], "↑": [0, -1, "up"], "↓": [0, 1, "down"], "→": [1, 0, "right"] }

export default function ({ data, root, setTriggerValue }) {
  const kept = root.looking
  root.stop?.()
  root.classList.add("inside")
  let ended = false
  let end = () => {}
  Promise.all([edits(data.network), styled(root, "inside/inside.css")]).then(
    ([edited]) => {
      if (!ended) end = begin({ data, root, setTriggerValue, edited, kept })
    },
    (error) => {
      root.textContent = `The weights of ${data.network.name} did not arrive (${error.message}): reload the page.`
    },
  )
  root.stop = () => {
    ended = true
    end()
  }
  return root.stop
}

/** The cell that the link asks for by layer and number, as in `?cell=relu5:6`; null if there is none. */
function linked({ stages }) {
  const [name, number] = (new URLSearchParams(location.search).get("cell") ?? "").split(":")
  const stage = stages.findIndex((one) => one.name === name)
  const cell = Number(number || Number.NaN)
  return stage >= 0 && Number.isInteger(cell) && cell >= 0 && cell < stages[stage].values.length
    ? { stage, cell }
    : null
}

function begin({ data, root, setTriggerValue, edited, kept }) {
  const about = { ...data.network, mark: `${data.network.mark} edited` }
  const net = edited.network
  const read = (image, then) => {
    net.run(image)
    then()
  }
  provide(about, { network: net, read })
  const same = kept?.name === about.name
  const looking = {
    ...{ name: about.name, exact: same && kept.exact, all: false, trail: [], shown: null, dirty: true, away: false },
    ...{ pinned: same ? kept.pinned : linked(net), upTo: undefined, playing: 0 },
  }
  root.looking = looking

  const place = el("div", {})
  const parts = headView()
  const bodyPlace = el("div", { className: "body" })
  const spoken = el("div", { className: "spoken", "aria-live": "polite" })
  const editor = editorView(edited, changed, settled)
  const scores = scoresView(data.network, edited, () => setTriggerValue("digits", true))
  const challenges = challengesView(data, (id) => setTriggerValue("challenge", id))
  const bar = barView()
  const panel = el(
    "section",
    { className: "panel", "aria-label": "The arithmetic of one number" },
    el("div", { className: "side" }, parts.element, editor.element),
    bodyPlace,
  )
  root.replaceChildren(
    el("div", { className: "top" }, bar.element, challenges.element, scores.element),
    place,
    panel,
    spoken,
  )
  let telling = 0
  let endAdding = null // while products fly into their sum

  const stop = network({ data: { height: data.height }, root: place, follow })
  const view = place.state
  layOnDesk(decoded(data.digit.image), data.digit, [about])

  /** In each frame in which anything moved. */
  function follow({ hover, pinned, plan }) {
    if (plan?.networks[0] !== net || !desk.networks[0]?.reading) return
    if (!pinned) {
      const first = looking.pinned ?? strongestEdge(net)
      view.pin({ network: 0, ...first })
      return
    }
    const target = (!looking.away && hover) || pinned
    if (!looking.dirty && target.stage === looking.shown?.stage && target.cell === looking.shown?.cell) return
    looking.pinned = pinned
    show(target, target === pinned)
  }

  function show({ stage: number, cell }, pinned) {
    endAdding?.()
    const stage = net.stages[number]
    if (looking.dirty) for (const one of net.stages) Object.assign(one, look(one))
    Object.assign(looking, { shown: { stage: number, cell }, dirty: false })
    parts.show({ net, number, cell, looking, pinned, edited })
    const { exact, all, upTo } = looking
    const held = heldIn(bodyPlace)
    bodyPlace.replaceChildren(
      ...body(net, number, cell, { exact, all, edit: true, check: true, upTo: pinned ? upTo : undefined }),
    )
    if (held) bodyPlace.querySelector(held)?.focus({ preventScroll: true, focusVisible: true })
    editor.mark(bodyPlace)
    panel.classList.toggle("passing", !pinned)
    root.dataset.shown = `${number} ${cell}`
    clearTimeout(telling)
    telling = setTimeout(() => {
      spoken.textContent = `${nameOf(stage, cell)}: ${figure(stage.values[cell])}`
    }, WAIT)
  }

  /** The weights are others: everything follows, in this frame. */
  function changed() {
    looking.dirty = true
    layOnDesk(desk.image, desk.digit)
    bar.show()
    challenges.show(edited, scores.found)
    root.dataset.answer = answerOf(net.probabilities)
  }

  /** A change has come to its end: it can be undone, and is tested. */
  function settled() {
    edited.end()
    scores.test(() => challenges.show(edited, scores.found))
  }

  function pin(target, trail = []) {
    pause()
    Object.assign(looking, { trail, all: false, upTo: undefined, dirty: true })
    view.pin({ network: 0, ...target })
    editor.choose(null)
  }

  // --- Undo, reset, keep ---------------------------------------------------------------------------------------------

  function barView() {
    const said = el("span", { className: "edited", role: "status" })
    const button = (id, text, title, action) => {
      const one = el("button", { type: "button", "data-do": id, title }, text)
      one.onclick = action
      return one
    }
    const after = (action) => () => {
      action()
      editor.show()
      changed()
      settled()
    }
    const undo = button(
      "undo",
      "Undo",
      "Ctrl + Z does the same",
      after(() => edited.undo()),
    )
    const reset = button(
      "reset",
      "Reset",
      "Back to the network as it was",
      after(() => edited.reset()),
    )
    const keep = button("keep", "Keep it", "Make it one of the networks of all pages", () =>
      setTriggerValue("keep", {
        name: data.network.name,
        changes: edited.differences,
        words: edited.log.map(({ words }) => words),
      }),
    )
    const show = () => {
      const { count } = edited
      said.textContent = count
        ? `${data.network.name}, edited: ${count} ${count === 1 ? "number" : "numbers"}`
        : "Not edited"
      said.classList.toggle("on", count > 0)
      undo.disabled = !edited.log.length
      reset.disabled = keep.disabled = !count
    }
    show()
    root.addEventListener("keydown", undoKey)
    return { element: el("div", { className: "changes" }, said, undo, reset, keep), show, undo }
  }

  function undoKey(event) {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "z" || event.shiftKey) return
    event.preventDefault()
    bar.undo.click()
  }

  // --- The panel -----------------------------------------------------------------------------------------------------

  function headView() {
    const trail = el("nav", { className: "trail", "aria-label": "The way here" })
    const name = el("h2", { tabIndex: -1 })
    const value = el("p", { className: "value" })
    const about = el("p", { className: "note" })
    const moves = Object.entries(MOVES).map(([text, [x, y, way]]) =>
      el("button", { type: "button", "data-move": `${x},${y}`, "aria-label": `one cell ${way}` }, text),
    )
    const play = el(
      "button",
      { type: "button", "data-do": "play", title: "Move the kernel over the whole map" },
      "▶ Move it",
    )
    const step = el("button", { type: "button", "data-do": "step" }, "Step")
    const add = el("button", { type: "button", "data-do": "add", title: "See the products fly into their sum" }, ADD)
    add.onclick = () => (endAdding ? endAdding() : addProducts())
    const off = el("button", { type: "button", "data-do": "off" })
    const scale = el("input", { type: "range", min: -2, max: 2, step: 0.05, value: 1, "data-do": "scale" })
    const times = el("output", {})
    const scaling = el("label", { className: "scaling" }, "× ", scale, times)
    const exact = el("input", { type: "checkbox", name: "exact", checked: looking.exact })
    let base = null // the weights that the slider began with
    let owner = null
    const row = () => piecesOf(owner.stage, owner.row)
    const title = () => `${owner.stage.name} ${owner.stage.shape[0] > 1 ? "kernel" : "unit"} ${owner.row}`
    off.onclick = () => {
      const zero = row().every(({ values }) => values.every((one) => one === 0))
      const was = ({ name, start, values }) => ({
        name,
        start,
        values: edited.original[name].slice(start, start + values.length),
      })
      edited.change(zero ? `${title()} as it was` : `${title()} off`, zero ? row().map(was) : scaled(row(), 0))
      changed()
      settled()
    }
    scale.oninput = () => {
      base ??= row()
      edited.change(`${title()} × ${figure(Number(scale.value), false, 2)}`, scaled(base, Number(scale.value)), "scale")
      times.textContent = figure(Number(scale.value), false, 2)
      changed()
    }
    scale.onchange = () => {
      base = null
      settled()
    }
    play.onclick = () => (looking.playing ? pause() : go())
    step.onclick = () => {
      pause()
      advance()
    }
    exact.onchange = () => {
      looking.exact = exact.checked
      looking.dirty = true
      view.repaint()
    }
    const go = () => {
      if (looking.upTo === undefined) looking.upTo = -1
      looking.playing = setInterval(advance, SPEED)
      play.textContent = "⏸ Pause"
    }
    const show = ({ net, number, cell, pinned }) => {
      const stage = net.stages[number]
      owner = ownerOf(net, number, cell)
      trail.replaceChildren(...trailParts(net, looking, stage, cell))
      trail.hidden = !looking.trail.length
      name.textContent = nameOf(stage, cell)
      value.textContent =
        stage.kind === "softmax" && !looking.exact
          ? percent(stage.values[cell])
          : plainly(stage.values[cell], looking.exact)
      about.replaceChildren(...fieldsOf(net, number, cell))
      const sweeps = stage.kind === "conv"
      play.hidden = step.hidden = add.hidden = !sweeps
      off.hidden = scaling.hidden = !owner
      if (owner) {
        const gone = row().every(({ values }) => values.every((one) => one === 0))
        off.textContent = gone ? `Switch ${title()} on` : `Switch ${title()} off`
        if (!base) {
          scale.value = 1
          times.textContent = "1"
        }
        scale.setAttribute("aria-label", `Scale ${title()}`)
      }
      if (!pinned) play.textContent = "▶ Move it"
    }
    const element = el(
      "div",
      { className: "about" },
      trail,
      name,
      el("div", { className: "tools" }, value, el("label", {}, exact, " exact figures")),
      about,
      el("div", { className: "tools" }, ...moves, play, step),
      el("div", { className: "tools" }, add, off, scaling),
    )
    return { element, show, name, play, add, moves }
  }

  /** The products of the cell that is shown fly into their sum. */
  function addProducts() {
    pause()
    if (!still() && innerWidth < 700) bodyPlace.scrollIntoView({ behavior: "smooth", block: "end" })
    const { stage, cell } = looking.shown
    parts.add.textContent = "Stop"
    endAdding = addUp(bodyPlace, {
      bias: explain(net, stage, cell).bias,
      write: (value) => plainly(value, looking.exact),
      still: still(),
      over: () => {
        endAdding = null
        parts.add.textContent = ADD
      },
    })
  }

  /** The kernel goes on to the next cell of its map; at the end it stops. */
  function advance() {
    const { stage: number, cell } = view.pinned
    const stage = net.stages[number]
    const cells = stage.shape[1] * stage.shape[2]
    const first = cell - (cell % cells)
    const next = (looking.upTo ?? cell % cells) + 1
    if (stage.kind !== "conv" || next >= cells) {
      pause()
      looking.upTo = undefined
    } else {
      looking.upTo = next
      view.pinned = { network: 0, stage: number, cell: first + next }
    }
    looking.dirty = true
    view.repaint()
  }

  function pause() {
    clearInterval(looking.playing)
    looking.playing = 0
    parts.play.textContent = "▶ Move it"
  }

  // A weight is dragged up and down. What is pressed is written anew with every change: the panel follows the pointer.
  let drag = null // { weight, button, y, from, moved }
  panel.onpointerdown = (event) => {
    const button = event.target.closest("[data-weight]")
    if (!button || event.button || (event.pointerType === "touch" && !button.classList.contains("chosen"))) return
    const weight = { name: button.dataset.weight, at: Number(button.dataset.at) }
    drag = { weight, y: event.clientY, from: edited.tensors[weight.name][weight.at], moved: false }
  }
  panel.onpointermove = (event) => {
    if (!drag) return
    const up = drag.y - event.clientY
    if (!drag.moved) {
      if (Math.abs(up) < LEAST) return
      drag.moved = true
      pause()
      panel.setPointerCapture(event.pointerId)
      panel.classList.add("dragging")
      editor.choose(drag.weight, false)
    }
    editor.set(Number((drag.from + up * (event.shiftKey ? FINE : PIXEL)).toFixed(4)))
  }
  panel.onpointerup = panel.onpointercancel = () => {
    if (drag?.moved) settled()
    drag = null
    panel.classList.remove("dragging")
  }
  panel.onclick = (event) => {
    const button = event.target.closest("button")
    const { stage, cell, all, move, trail, weight, at } = button?.dataset ?? {}
    if (weight !== undefined) {
      pause()
      editor.choose({ name: weight, at: Number(at) })
      editor.mark(bodyPlace)
    } else if (stage !== undefined) {
      const way = trail === undefined ? [...looking.trail, looking.shown] : looking.trail.slice(0, Number(trail))
      pin({ stage: Number(stage), cell: Number(cell) }, way)
      parts.name.focus({ preventScroll: true })
    } else if (move) {
      const next = neighbour(net.stages[view.pinned.stage], view.pinned.cell, move.split(",").map(Number))
      if (next !== null) pin({ stage: view.pinned.stage, cell: next })
    } else if (all) {
      looking.all = looking.dirty = true
      view.repaint()
    }
  }
  panel.onpointerenter = () => {
    looking.away = true
  }
  panel.onpointerleave = () => {
    looking.away = false
    view.point(null)
  }
  panel.onpointerover = (event) => {
    const { stage, cell } = event.target.closest("[data-stage]")?.dataset ?? {}
    view.point(stage === undefined ? null : { network: 0, stage: Number(stage), cell: Number(cell) })
  }
  panel.onkeydown = arrowsInGrids
  place.addEventListener("click", () => {
    pause()
    Object.assign(looking, { trail: [], all: false, upTo: undefined, dirty: true })
    editor.choose(null)
    if (innerWidth < 700) place.scrollIntoView({ behavior: still() ? "auto" : "smooth" })
  })

  const unwatch = watch((what) => {
    if (what === "read") looking.dirty = true
  })
  changed()
  if (edited.log.length) scores.test(() => challenges.show(edited, scores.found))
  root.dataset.ready = about.name
  return () => {
    pause()
    endAdding?.()
    unwatch()
    stop()
    scores.stop()
    clearTimeout(telling)
    root.removeEventListener("keydown", undoKey)
  }
}

/** Where the focus is among the numbers that are about to be written anew, as a selector; null if it is elsewhere. */
function heldIn(place) {
  const active = place.getRootNode().activeElement
  if (!active || !place.contains(active)) return null
  const data = Object.entries(active.dataset).filter(([name]) =>
    ["weight", "at", "stage", "cell", "all"].includes(name),
  )
  return data.map(([name, value]) => `[data-${name}="${value}"]`).join("") || null
}

/** The cells that led here. */
function trailParts(net, { trail }, layer, cell) {
  const steps = trail.flatMap((before, index) => {
    const button = source(net, before)
    button.dataset.trail = index
    return [button, " ‹ "]
  })
  return [...steps, el("span", {}, nameOf(layer, cell))]
}

/** How much a cell looks at and is used by, in words. */
function fieldsOf(net, number, cell) {
  const pixels = count(looksAt(net, number, cell)[0], net.stages[0])
  const next = net.stages[number + 1]
  const keyed = (kind, words) => el("span", {}, el("i", { className: `key ${kind}` }), words)
  const found = []
  if (number) found.push(keyed("", `looks at ${pixels} of 784 pixels`))
  if (next) {
    const used = count(usedBy(net, number, cell)[number + 1], next)
    found.push(keyed("dashed", `is used by ${used} of ${next.values.length} in ${next.name}`))
  }
  return found
}

/** The arrow keys go from cell to cell of a little grid. */
function arrowsInGrids(event) {
  const grid = event.target.closest(".grid")
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key]
  if (!grid || !step) return
  const cells = [...grid.children]
  const columns = Number(grid.style.getPropertyValue("--columns"))
  const next = cells[cells.indexOf(event.target) + step[0] + step[1] * columns]
  if (!next?.matches("button")) return
  event.preventDefault()
  next.focus()
}
