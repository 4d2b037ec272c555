// The training tape: two runs beside each other, replayed on the digit. Between two checkpoints the weights are mixed, so
// that all moves smoothly; everything is computed here.

import { decoded, el, paintCells, styled, svg } from "../dom.js"
import { answerOf, look, Network } from "../engine.js"
import { percent } from "../formatting.js"
import { fetched } from "../reader.js"
import { halvesOf } from "./tape-file.js"

const SPEED = 1.2 // checkpoints a second
const HIGH = 120 // pixels of the curve
const opened = new Map() // weights of the tapes, by name

const weightsOf = async ({ name, url }) => {
  if (!opened.has(name)) opened.set(name, halvesOf(await fetched(url)))
  return opened.get(name)
}

export default function ({ data, root }) {
  const kept = root.winding
  root.stop?.()
  root.classList.add("tape")
  const last = Math.min(...data.tapes.map(({ steps }) => steps.length)) - 1
  const winding = { at: kept?.at ?? data.start, names: kept?.names ?? data.chosen, playing: false, frames: 0 }
  root.winding = winding
  const image = decoded(data.image)
  let frame = 0
  let ended = false
  let sides = []

  const play = el("button", { type: "button", "data-do": "play" }, "▶ Play")
  const slider = el("input", { type: "range", min: 0, max: last, step: 0.01, "aria-label": "How far the training is" })
  const step = el("output", {})
  const pair = el("div", { className: "pair" })
  const curve = el("div", { className: "curve" })
  const note = el("p", { className: "note" }, data.note)
  root.replaceChildren(el("div", { className: "wind" }, play, slider, step), pair, curve, note)

  const show = () => {
    const before = Math.floor(winding.at)
    const { steps } = data.tapes.find(({ name }) => name === winding.names[0])
    const next = steps[Math.min(last, before + 1)]
    const now = Math.round(steps[before] + (winding.at - before) * (next - steps[before]))
    step.textContent = `after ${now.toLocaleString("en")} of ${steps[last].toLocaleString("en")} steps`
    slider.value = winding.at
    for (const side of sides) side.show(winding.at)
    mark()
    winding.frames += 1
    root.dataset.frames = winding.frames
  }
  const ask = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0
      if (!ended) show()
    })
  }
  let then = 0
  const tick = (now) => {
    if (!winding.playing || ended) return
    winding.at = Math.min(last, winding.at + ((now - then) / 1000) * SPEED)
    then = now
    show()
    if (winding.at >= last) pause()
    else requestAnimationFrame(tick)
  }
  const pause = () => {
    winding.playing = false
    play.textContent = "▶ Play"
  }
  play.onclick = () => {
    if (winding.playing) return pause()
    if (winding.at >= last) winding.at = 0
    winding.playing = true
    play.textContent = "⏸ Pause"
    then = performance.now()
    requestAnimationFrame(tick)
  }
  slider.oninput = () => {
    pause()
    winding.at = Number(slider.value)
    ask()
  }
  let mark = () => {}
  const build = async () => {
    const chosen = winding.names.map((name) => data.tapes.find((tape) => tape.name === name) ?? data.tapes[0])
    try {
      const weights = await Promise.all(chosen.map(weightsOf))
      if (ended) return
      sides = chosen.map((tape, at) => sideOf(tape, weights[at], image, data, at, choose))
    } catch (error) {
      curve.textContent = `The tape did not arrive (${error.message}): reload the page.`
      return
    }
    pair.replaceChildren(...sides.map(({ element }) => element))
    mark = drawCurve(curve, chosen, data.colours, winding, last)
    show()
    root.dataset.ready = winding.names.join()
  }
  const choose = (at, name) => {
    winding.names = winding.names.with(at, name)
    build()
  }
  styled(root, "inside/tape.css").then(build)
  root.stop = () => {
    ended = true
    cancelAnimationFrame(frame)
  }
  return root.stop
}

/** One run: which, what happens, the ten bars, the kernels and what they make of the digit. */
function sideOf(tape, halves, image, data, place, choose) {
  const tensors = Object.fromEntries(
    Object.entries(halves).map(([name, all]) => [name, new Float32Array(all.length / tape.steps.length)]),
  )
  const net = new Network(tape, tensors)
  const conv = net.stages.find(({ kind }) => kind === "conv")
  const maps = net.stages[conv.number + 1]
  const pick = el(
    "select",
    { "aria-label": place ? "The tape beside it" : "The tape" },
    ...data.tapes.map(({ name, words }) => el("option", { value: name, selected: name === tape.name }, words)),
  )
  pick.onchange = () => choose(place, pick.value)
  const said = el("p", { className: "said" })
  const bars = Array.from({ length: 10 }, () => el("em", { style: `background:${data.colours[place]}` }))
  const answers = el(
    "ol",
    { className: "answers", role: "img" },
    ...bars.map((bar, digit) => el("li", {}, el("i", {}, bar), `${digit}`)),
  )
  const canvases = (count, name, kind) =>
    Array.from({ length: count }, (_, at) =>
      el("canvas", { role: "img", className: kind, "aria-label": `${name} ${at}` }),
    )
  const kernels = canvases(conv.shape[0], "kernel", "kernel")
  const pictures = canvases(maps.shape[0], "map", "map")
  const element = el(
    "section",
    {},
    pick,
    said,
    answers,
    el("div", { className: "six" }, ...kernels.map((canvas, at) => el("div", {}, canvas, pictures[at]))),
  )
  const show = (at) => {
    const before = Math.floor(at)
    const share = at - before
    for (const [name, values] of Object.entries(tensors)) {
      const all = halves[name]
      const from = before * values.length
      const to = Math.min(tape.steps.length - 1, before + 1) * values.length
      for (let i = 0; i < values.length; i++) values[i] = (1 - share) * all[from + i] + share * all[to + i]
    }
    net.run(image)
    const answer = answerOf(net.probabilities)
    bars.forEach((bar, digit) => {
      bar.style.height = `${100 * net.probabilities[digit]}%`
      bar.parentElement.parentElement.classList.toggle("first", digit === answer)
    })
    const reads =
      answer === null
        ? "cannot tell your digit yet"
        : `${net.probabilities[answer] < 0.5 ? "guesses" : "reads your digit as"} ${answer}, ${percent(net.probabilities[answer])}`
    const near = Math.round(at)
    answers.setAttribute("aria-label", `It ${reads}`)
    said.textContent = `${tape.said[near]} It ${reads}.`
    const { weight } = conv.weights
    const size = weight.length / conv.shape[0]
    const most = weight.reduce((a, b) => Math.max(a, Math.abs(b)), 0)
    kernels.forEach((canvas, k) => {
      paintCells(canvas, weight.subarray(k * size, (k + 1) * size), conv.window[0], conv.window[0], most, true)
    })
    const [, rows, columns] = maps.shape
    const { signed, scale } = look(maps)
    pictures.forEach((canvas, k) => {
      const cells = maps.values.subarray(k * rows * columns, (k + 1) * rows * columns)
      paintCells(canvas, cells, rows, columns, scale, signed)
    })
  }
  return { element, show }
}

/** The test accuracies of both runs along the checkpoints. Returns what moves the mark. */
function drawCurve(place, tapes, colours, winding, last) {
  const wide = place.clientWidth || 600
  const x = (at) => 40 + ((wide - 60) * at) / last
  const y = (share) => 6 + (HIGH - 24) * (1 - share)
  const words = tapes.map(({ name, accuracy }) => `${name} ends at ${percent(accuracy.at(-1))}`).join(", ")
  const rule = svg("line", { y1: 4, y2: HIGH - 16, class: "now" })
  const text = (share) => svg("text", { x: 36, y: y(share) + 4, "text-anchor": "end" }, `${100 * share} %`)
  const steps = [0, 6, 12, 18, last].map((at) =>
    svg("text", { x: x(at), y: HIGH - 3, "text-anchor": "middle" }, tapes[0].steps[at].toLocaleString("en")),
  )
  const lines = tapes.map(({ accuracy }, side) =>
    svg("polyline", {
      points: accuracy
        .slice(0, last + 1)
        .map((share, at) => `${x(at)},${y(share)}`)
        .join(" "),
      stroke: colours[side],
    }),
  )
  const title = svg("title", {}, `Accuracy on the test digits after so many training steps: ${words}`)
  place.replaceChildren(
    svg(
      "svg",
      { viewBox: `0 0 ${wide} ${HIGH}`, role: "img" },
      title,
      text(0),
      text(0.5),
      text(1),
      ...steps,
      ...lines,
      rule,
    ),
  )
  return () => {
    rule.setAttribute("x1", x(winding.at))
    rule.setAttribute("x2", x(winding.at))
  }
}
