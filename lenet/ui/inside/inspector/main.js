// The inspector: the strip of all layers and the panel. One state, one render loop; all arithmetic is elsewhere.

const WAIT = 400 // milliseconds after the last move before a screen reader is told where we are

export default function ({ data, parentElement }) {
  const begun = performance.now()
  const root = parentElement.querySelector(".inspector")
  root.halt?.()
  const net = unpack(data)
  const old = root.state
  const state = {
    net, exact: old?.exact ?? false, all: false, trail: [], hover: null, pinned: null, focus: [], zoom: [],
    canvases: [], overlays: [], drawn: new Set(),
  }
  state.pinned = old?.pinned && fits(net, old) ? old.pinned : winner(net)
  state.focus = net.stages.map((stage) => (stage.number === state.pinned.stage ? state.pinned.cell : 0))
  root.state = state

  const strip = root.querySelector(".strip"), panel = root.querySelector(".panel"), spoken = root.querySelector(".spoken")
  const readout = root.querySelector(".readout")
  let frame = 0, telling = 0, width = 0

  /** Ask for one paint of the outlines in the next frame, however many moves come before it. */
  const touch = () => (frame ||= requestAnimationFrame(() => {
    frame = 0
    outlines(state, readout)
  }))
  const say = (text) => {
    clearTimeout(telling)
    telling = setTimeout(() => (spoken.textContent = text), WAIT)
  }
  const told = ({ stage, cell }) => `${nameOf(net.stages[stage], cell)}: ${figure(net.stages[stage].values[cell])}`

  function hover(target) {
    if (target?.stage === state.hover?.stage && target?.cell === state.hover?.cell) return
    state.hover = target
    touch()
  }
  /** Take a number apart. trail: the cells that led here by the panel's buttons. */
  function pin(target, trail = []) {
    Object.assign(state, { pinned: target, hover: null, trail, all: false })
    if (target) state.focus[target.stage] = target.cell
    fill()
    touch()
    if (target) say(`${told(target)}. Its arithmetic is in the panel.`)
  }
  function fill() {
    panel.replaceChildren(...panelParts(state))
    const lens = panel.querySelector("canvas.lens")
    if (lens) paintLens(lens, state)
  }
  function layOut() {
    width = strip.clientWidth
    const focused = strip.getRootNode().activeElement?.dataset.number // a scroll bar may come while the keys are here
    const tall = Math.max(90, Math.min(230, (window.innerHeight - 270) / blocks(net.stages).length - 42))
    strip.replaceChildren(...stripParts(state, width, width < 600 ? 140 : tall))
    state.drawn.clear()
    net.stages.forEach((stage) => paintMaps(state, stage))
    outlines(state, readout)
    if (focused) state.canvases[focused]?.focus({ preventScroll: true, focusVisible: true })
  }

  const target = (event) => {
    const canvas = event.target.closest?.("canvas[data-number]")
    if (!canvas) return null
    const stage = net.stages[Number(canvas.dataset.number)], zoom = state.zoom[stage.number]
    const cell = cellAt(stage, event.offsetX / zoom, event.offsetY / zoom)
    return cell === null ? null : { stage: stage.number, cell }
  }
  strip.onpointermove = (event) => {
    if (event.pointerType !== "touch") hover(target(event))
  }
  strip.onpointerleave = () => hover(null)
  strip.onclick = (event) => {
    const chosen = target(event)
    if (!chosen) return
    pin(chosen)
    if (panel.getBoundingClientRect().top > innerHeight) panel.scrollIntoView({ behavior: "smooth" }) // as on a phone
  }
  strip.onfocusin = (event) => {
    const stage = Number(event.target.dataset.number)
    if (!event.target.matches(":focus-visible")) return
    hover({ stage, cell: state.focus[stage] })
    say(told(state.hover))
  }
  strip.onfocusout = () => hover(null)
  strip.onkeydown = (event) => {
    const stage = net.stages[Number(event.target.dataset.number)]
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key]
    if (!stage) return
    const cell = state.focus[stage.number]
    if (step) {
      state.focus[stage.number] = neighbour(stage, cell, step) ?? cell
      hover({ stage: stage.number, cell: state.focus[stage.number] })
      say(told(state.hover))
    } else if (event.key === "Enter" || event.key === " ") pin({ stage: stage.number, cell })
    else return
    event.preventDefault()
  }
  root.onkeydown = (event) => { // a handler that returns false would keep Tab from moving on
    if (event.key === "Escape") pin(null)
  }
  panel.onclick = (event) => {
    const { stage, cell, move, all, unpin, trail } = event.target.closest("button")?.dataset ?? {}
    const lens = event.target.closest("canvas.lens")
    const here = state.pinned
    if (lens) {
      const at = lensCell(lens, state, event)
      if (at !== null) pin({ stage: here.stage, cell: at })
    } else if (stage !== undefined) {
      pin({ stage: Number(stage), cell: Number(cell) }, trail === undefined ? [...state.trail, here] : state.trail.slice(0, Number(trail)))
      panel.scrollTop = 0
      panel.querySelector("h3")?.focus({ preventScroll: true })
    } else if (move) {
      const next = neighbour(net.stages[here.stage], here.cell, move.split(",").map(Number))
      if (next !== null) pin({ stage: here.stage, cell: next })
      panel.querySelector(`[data-move="${move}"]`)?.focus({ preventScroll: true })
    } else if (all) {
      state.all = true
      fill()
    } else if (unpin) pin(null)
  }
  panel.onchange = (event) => {
    if (!event.target.matches("[name=exact]")) return
    state.exact = event.target.checked
    fill()
    panel.querySelector("[name=exact]").focus({ preventScroll: true })
  }
  panel.onpointerover = (event) => {
    const { stage, cell } = event.target.closest("[data-stage]")?.dataset ?? {}
    hover(stage === undefined ? null : { stage: Number(stage), cell: Number(cell) })
  }
  panel.onpointerleave = () => hover(null)
  panel.onkeydown = (event) => { // arrows walk through the little grids
    const grid = event.target.closest(".grid"), cells = grid ? [...grid.querySelectorAll("button")] : []
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -5, ArrowDown: 5 }[event.key]
    const next = step && cells[cells.indexOf(event.target) + step]
    if (!next) return
    event.preventDefault()
    next.focus()
  }

  fill()
  layOut()
  requestAnimationFrame(() => {
    root.dataset.painted = (performance.now() - begun).toFixed(1) // milliseconds; the bench reads it
    root.dataset.mark = net.mark
  })
  const observer = new ResizeObserver(() => strip.clientWidth !== width && layOut())
  observer.observe(strip)
  root.halt = () => {
    observer.disconnect()
    cancelAnimationFrame(frame)
    clearTimeout(telling)
  }
  return root.halt
}

/** Whether what was pinned in the old network is there in the new one too. */
function fits(net, { net: old, pinned }) {
  const [one, two] = [old.stages[pinned.stage], net.stages[pinned.stage]]
  return two && one.name === two.name && `${one.size}` === `${two.size}` && old.network === net.network
}

/** The largest probability: where a walk back begins. */
function winner({ stages }) {
  const { values, number } = stages.at(-1)
  return { stage: number, cell: values.indexOf(Math.max(...values)) }
}

function stripParts(state, width, tall) {
  const { net } = state
  return blocks(net.stages).map((stages) => {
    const zoom = zooms(stages, width, tall)
    return el("div", { className: "block" }, ...stages.map((stage, index) => {
      const z = (state.zoom[stage.number] = zoom[index]), { wide, high } = mosaicOf(stage)
      const ratio = window.devicePixelRatio || 1
      const canvas = () => {
        const made = el("canvas", { width: Math.round(wide * z * ratio), height: Math.round(high * z * ratio) })
        made.style.width = `${wide * z}px`
        made.style.height = `${high * z}px`
        return made
      }
      const maps = (state.canvases[stage.number] = canvas()), over = (state.overlays[stage.number] = canvas())
      maps.dataset.number = stage.number
      maps.tabIndex = 0
      maps.setAttribute("role", "application")
      maps.setAttribute("aria-label", `${stage.name}: ${stage.about}; ${stage.size.join(" × ")} numbers. Arrow keys move, Enter takes the number apart, Escape leaves it.`)
      over.className = "over"
      over.setAttribute("aria-hidden", "true")
      const range = `${stage.signed ? "±" : "0–"}${figure(stage.scale, false, stage.scale < 0.1 ? 4 : 2)}`
      return el("figure", {},
        el("div", { className: "maps" }, el("div", { className: "pair" }, maps, over),
          isDigits(stage) ? el("div", { className: "digits", "aria-hidden": "true", style: `font-size:${Math.min(13, z)}px` }, ...Array.from({ length: 10 }, (_, d) => el("span", {}, `${d}`))) : null),
        el("figcaption", { title: stage.about }, el("b", {}, stage.name), el("span", {}, stage.size.join(" × ")), el("span", {}, range)))
    }))
  })
}

/** Colours of all cells of a layer, each a square of its zoom. */
function paintMaps({ canvases }, stage) {
  const canvas = canvases[stage.number], { wide, high } = mosaicOf(stage)
  const small = new OffscreenCanvas(wide, high), image = new ImageData(wide, high)
  const [maps, rows, columns] = stage.shape, table = stage.signed ? DIVERGING : SEQUENTIAL
  for (let map = 0, cell = 0; map < maps; map++) {
    const [left, top] = corner(stage, map)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns && cell < stage.values.length; column++, cell++) {
        const level = 3 * levelOf(stage.values[cell], stage.scale, stage.signed)
        const at = 4 * ((top + row) * wide + left + column)
        for (let channel = 0; channel < 3; channel++) image.data[at + channel] = table[level + channel]
        image.data[at + 3] = 255
      }
  }
  small.getContext("2d").putImageData(image, 0, 0)
  const context = canvas.getContext("2d")
  context.imageSmoothingEnabled = false
  context.drawImage(small, 0, 0, canvas.width, canvas.height)
}

/** A line that can be seen on every colour of both palettes: dark below, bright above. */
function stroke(context, colour, thickness, dash = []) {
  context.setLineDash([])
  context.lineWidth = thickness + 2
  context.strokeStyle = "#0b1020"
  context.stroke()
  context.setLineDash(dash)
  context.lineWidth = thickness
  context.strokeStyle = colour
  context.stroke()
}

/** The outlines of what the cell sees (solid) and feeds (dashed), and the cell itself, on all layers. */
function outlines(state, readout) {
  const { net, pinned, hover, overlays, drawn } = state
  for (const number of drawn) overlays[number].getContext("2d").clearRect(0, 0, overlays[number].width, overlays[number].height)
  drawn.clear()
  const at = hover ?? pinned
  const before = at && sees(net, at.stage, at.cell), behind = at && feeds(net, at.stage, at.cell)
  describe(readout, net, at, before, behind)
  if (at) {
    before.slice(0, -1).forEach((field, number) => field.plane.includes(1) && ring(state, number, field, SEES, []))
    for (let number = at.stage + 1; number < net.stages.length; number++) {
      if (!behind[number].plane.includes(1)) break
      ring(state, number, behind[number], FEEDS, [4, 3])
      if (["linear", "rnn", "lstm", "softmax"].includes(net.stages[number].kind)) break // from here on it feeds all
    }
    ring(state, at.stage, only(net.stages[at.stage], at.cell), "#ffffff", [])
  }
  if (pinned && hover) ring(state, pinned.stage, only(net.stages[pinned.stage], pinned.cell), "#ffffff", [])
}

function ring({ net, overlays, zoom, drawn }, number, field, colour, dash) {
  const stage = net.stages[number], [maps, rows, columns] = stage.shape
  const context = overlays[number].getContext("2d"), z = zoom[number], ratio = window.devicePixelRatio || 1
  drawn.add(number)
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.beginPath()
  const whole = maps > 1 && field.map < 0 && !field.plane.includes(0), { wide, high } = mosaicOf(stage)
  if (whole) context.rect(1, 1, wide * z - 2, high * z - 2) // one line around all maps, not one around each
  const lines = whole ? [] : outline(field.plane, rows, columns)
  for (let map = 0; map < maps; map++) {
    if (field.map >= 0 && field.map !== map) continue
    const [left, top] = corner(stage, map)
    for (const [x1, y1, x2, y2] of lines) {
      context.moveTo((left + x1) * z, (top + y1) * z)
      context.lineTo((left + x2) * z, (top + y2) * z)
    }
  }
  stroke(context, colour, dash.length ? 1.5 : 2, dash)
}

/** One line about the cell: value, how much it sees, how much it feeds. */
function describe(readout, net, at, before, behind) {
  if (!at) {
    readout.textContent = "Point at any cell. A click or Enter takes its number apart."
    return
  }
  const stage = net.stages[at.stage], next = net.stages[at.stage + 1], fed = next && count(behind[next.number], next)
  readout.replaceChildren(
    el("b", {}, nameOf(stage, at.cell)), ` = ${figure(stage.values[at.cell])}`,
    at.stage ? ` · sees ${count(before[0], net.stages[0])} of ${net.stages[0].values.length} pixels` : "",
    next ? ` · feeds ${fed ? `${fed} of ${next.values.length} numbers of ${next.name}` : `nothing of ${next.name}`}` : "")
}

function panelParts(state) {
  const { net, pinned, exact, all, trail } = state
  if (!pinned) {
    return [el("h3", { tabIndex: -1 }, "Nothing is taken apart"),
      el("p", {}, "Point at a cell of any layer: its outline shows what it sees (solid) and what it feeds (dashed). Click it, tap it, or press Enter, and its arithmetic is here."),
      el("p", {}, source(net, winner(net), "Begin with the largest probability"))]
  }
  const stage = net.stages[pinned.stage]
  const arrow = (text, move, label) => el("button", { type: "button", "data-move": move, "aria-label": label, title: label }, text)
  return [
    trail.length ? el("nav", { className: "trail", "aria-label": "The way here" }, ...trail.flatMap((cell, index) => {
      const button = source(net, cell)
      button.dataset.trail = index
      return [button, " ‹ "]
    }), el("span", {}, shortName(stage, pinned.cell))) : null,
    el("div", { className: "head" },
      el("div", { className: "title" },
        el("h3", { tabIndex: -1 }, nameOf(stage, pinned.cell)),
        el("p", { className: "value" }, figure(stage.values[pinned.cell], exact)),
        el("div", { className: "tools" },
          arrow("←", "-1,0", "one cell to the left"), arrow("↑", "0,-1", "one cell up"), arrow("↓", "0,1", "one cell down"), arrow("→", "1,0", "one cell to the right"),
          el("button", { type: "button", "data-unpin": "true", title: "Escape does the same" }, "Let go")),
        el("label", {}, el("input", { type: "checkbox", name: "exact", checked: exact }), " exact figures")),
      el("figure", {}, el("canvas", { className: "lens", role: "img", "aria-label": `${stage.name}, enlarged; a tap chooses a cell` }),
        el("figcaption", {}, stage.shape[0] > 1 ? `map ${place(stage, pinned.cell)[0]}, enlarged` : "enlarged"))),
    el("div", { className: "body" }, ...body(net, pinned.stage, pinned.cell, { exact, all })),
  ].filter(Boolean)
}

/** The map of the pinned cell, large enough for a finger. */
function paintLens(canvas, { net, pinned }) {
  const stage = net.stages[pinned.stage], [, rows, columns] = stage.shape
  const map = place(stage, pinned.cell)[0], z = lensZoom(stage), ratio = window.devicePixelRatio || 1
  canvas.width = columns * z * ratio
  canvas.height = rows * z * ratio
  canvas.style.width = `${columns * z}px`
  canvas.style.height = `${rows * z}px`
  const context = canvas.getContext("2d")
  context.scale(ratio, ratio)
  for (let at = 0; at < rows * columns; at++) {
    const cell = map * rows * columns + at
    if (cell >= stage.values.length) break
    context.fillStyle = tint(stage.values[cell], stage.scale, stage.signed).background
    context.fillRect((at % columns) * z, Math.floor(at / columns) * z, z, z)
  }
  const [, row, column] = place(stage, pinned.cell)
  context.beginPath()
  context.rect(column * z, row * z, z, z)
  stroke(context, "#ffffff", 2)
}

const lensZoom = ({ shape: [, rows, columns] }) => Math.max(2, Math.min(16, Math.floor(150 / Math.max(rows, columns))))

function lensCell(canvas, { net, pinned }, { offsetX, offsetY }) {
  const stage = net.stages[pinned.stage], [, rows, columns] = stage.shape, z = lensZoom(stage)
  const row = Math.floor(offsetY / z), column = Math.floor(offsetX / z)
  const cell = place(stage, pinned.cell)[0] * rows * columns + row * columns + column
  return row >= 0 && row < rows && column >= 0 && column < columns && cell < stage.values.length ? cell : null
}
