// Two ways at once: the probability of the digit for 21 amounts of one way and 21 of another, a map for each network. A
// press on a map moves both sliders there.

import { desk, watch as watchDesk } from "../desk.js"
import { el, paintCells, styled } from "../dom.js"
import { percent } from "../formatting.js"
import { short } from "./chart.js"
import { nameOf } from "./names.js"
import { GRID } from "./search.js"
import { change, search, setCurve, state, targetOf, watch, wayOf } from "./state.js"
import { amountsOf, show } from "./transform.js"

const CELL = 12 // pixels of the screen
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }

export default function ({ root }) {
  root.stop?.()
  styled(root, "stress/stress.css")
  root.classList.add("two")
  let second = root.second ?? "scale"
  let maps = []
  let asked = ""
  let ends = []
  const across = el("select", { id: "two-across" })
  const down = el("select", { id: "two-down" })
  across.onchange = () => setCurve(across.value)
  down.onchange = () => {
    root.second = second = down.value
    ask()
  }
  const place = el("div", { className: "maps" })
  const legend = el(
    "p",
    { className: "legend" },
    el("span", {}, "0 % ", el("i", { className: "scale sequential" }), " as sure as the network can be"),
    el("span", {}, "✕ where the sliders are"),
  )
  root.replaceChildren(
    el(
      "div",
      { className: "choices" },
      el("label", { htmlFor: "two-across" }, "Across "),
      across,
      el("label", { htmlFor: "two-down" }, " and up "),
      down,
    ),
    place,
    legend,
  )

  /** Have the maps made, if they are not those of this digit, these ways and these networks. */
  function ask() {
    if (!state.digit || !state.ways.length) return
    if (second === state.curve) second = state.curve === "scale" ? "rotate" : "scale"
    const networks = desk.networks.filter(({ reader }) => reader)
    const key = [
      state.digit.mark,
      state.again,
      state.curve,
      second,
      ...networks.map(({ about }) => about.name + about.mark),
    ]
    if (key.join() === asked) return
    asked = key.join()
    for (const end of ends) end()
    fill(across, state.ways, state.curve)
    fill(
      down,
      state.ways.filter(({ id }) => id !== state.curve),
      second,
    )
    const { ways, noise, again, digit, curve } = state
    maps = networks.map(mapOf)
    place.replaceChildren(...maps.map(({ figure }) => figure))
    ends = networks.map((network, at) =>
      search(network, "grid", digit.image, { ways, noise, again, across: curve, down: second }, ({ shares }) => {
        maps[at].shares = shares
        maps[at].paint()
      }),
    )
    follow()
  }

  function mapOf({ about, colour }) {
    const canvas = el("canvas", { width: GRID, height: GRID, tabIndex: 0, role: "application" })
    const cross = el("i", { className: "cross" }, "✕")
    const ways = [state.curve, second].map(wayOf)
    const heading = el("figcaption", {}, el("span", { className: "chip", style: `--colour:${colour}` }), about.name)
    const readout = el("p", { className: "readout" })
    const ends = ways.map(({ low, high }, at) => [low, high].map((amount) => short(ways[at], amount)))
    const figure = el(
      "figure",
      { style: `--size:${GRID * CELL}px` },
      heading,
      el("div", { className: "map" }, canvas, cross),
      el("p", { className: "axis" }, el("span", {}, ends[0][0]), `${ways[0].label} →`, el("span", {}, ends[0][1])),
      el("p", { className: "axis" }, `${ways[1].label} ↑ from ${ends[1][0]} to ${ends[1][1]}`),
      readout,
    )
    const map = { figure, shares: null, cross, ways }
    const amounts = ways.map((way) => amountsOf(way, GRID))
    const placeOf = () =>
      ways.map((way) => Math.round(((state.amounts[way.id] - way.low) / (way.high - way.low)) * (GRID - 1)))
    const go = ([column, row]) => {
      const inside = [column, row].map((at) => Math.min(GRID - 1, Math.max(0, at)))
      // the first way last, so that its sweep stays on the screen
      change({ [ways[1].id]: amounts[1][inside[1]], [ways[0].id]: amounts[0][inside[0]] })
    }
    const at = (event) => {
      const box = canvas.getBoundingClientRect()
      const column = Math.floor(((event.clientX - box.left) / box.width) * GRID)
      go([column, GRID - 1 - Math.floor(((event.clientY - box.top) / box.height) * GRID)])
    }
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId)
      at(event)
    }
    canvas.onpointermove = (event) => canvas.hasPointerCapture(event.pointerId) && at(event)
    canvas.onkeydown = (event) => {
      const step = STEPS[event.key]
      if (!step) return
      event.preventDefault()
      go(placeOf().map((start, axis) => start + step[axis]))
    }
    map.paint = () => {
      const target = targetOf(about.name) ?? 0
      heading.lastChild.textContent = `${about.name}, probability of ${nameOf(about, target)}`
      const cells = new Float32Array(GRID * GRID)
      for (let cell = 0; cell < GRID * GRID; cell++) {
        const row = GRID - 1 - Math.floor(cell / GRID) // larger amounts are higher up
        cells[cell] = map.shares[10 * (row * GRID + (cell % GRID)) + target]
      }
      paintCells(canvas, cells, GRID, GRID, about.highest)
      map.follow()
    }
    map.follow = () => {
      ways.forEach((way, axis) => {
        const share = (state.amounts[way.id] - way.low) / (way.high - way.low)
        const middle = (100 * (0.5 + share * (GRID - 1))) / GRID
        cross.style[axis ? "bottom" : "left"] = `${middle}%`
      })
      const [column, row] = placeOf()
      const share = map.shares ? map.shares[10 * (row * GRID + column) + (targetOf(about.name) ?? 0)] : null
      const said = ways.map(
        (way, axis) => `${way.label.toLowerCase()} ${show(way, amounts[axis][[column, row][axis]])}`,
      )
      readout.textContent = share === null ? "…" : `${said.join(", ")}: ${percent(share)}`
      canvas.setAttribute(
        "aria-label",
        `${about.name}: probability of the digit against ${ways[0].label.toLowerCase()} and ${ways[1].label.toLowerCase()}. Arrow keys move both sliders. ${readout.textContent}`,
      )
    }
    return map
  }

  const follow = () => {
    for (const map of maps) map.follow()
  }
  const hear = () => {
    ask()
    follow()
  }
  const unwatch = [watch(hear), watchDesk(hear)]
  ask()
  root.stop = () => {
    for (const end of [...unwatch, ...ends]) end()
  }
  return root.stop
}

function fill(select, ways, value) {
  select.replaceChildren(...ways.map(({ id, label }) => el("option", { value: id }, label)))
  select.value = value
}
