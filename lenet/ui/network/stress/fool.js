// Fool it: pixels flipped by hand, against a greedy search for few flips and the fast gradient sign method. Whichever is
// chosen is the picture that all networks read.

import { desk } from "../desk.js"
import { el, paintCells } from "../dom.js"
import { answerOf } from "../engine.js"
import { fixed, percent } from "../formatting.js"
import { SIZE } from "../ink.js"
import { nameOf, targetsOf, wantedOf } from "./names.js"
import { changeOf, MOST } from "./search.js"
import { aim, clearFlips, fool, fooledNetwork, pictureOf, sameEpsilon, searchBoth, showChange, state } from "./state.js"

const CHANGES = {
  hand: "Your flips",
  greedy: "Greedy search",
  fgsm: "FGSM: all pixels a little",
  same: "FGSM with as much ink as you",
}
const ABOUT = {
  hand: "Press pixels of the large picture. White turns black, black turns white.",
  greedy: "Tries every pixel, flips the one that helps most, and goes on until the answer changes.",
  fgsm: "Moves every pixel by the same small step ε, as far as black and white allow. The smallest ε that works.",
  same: "The same, but it may move only as much ink as you did.",
}

export function foolView() {
  const networks = el("select", { id: "fool-network" })
  const targets = el("select", { id: "fool-target" })
  networks.onchange = () => aim(networks.value, fool.target)
  targets.onchange = () => aim(fool.network, targets.value === "" ? null : Number(targets.value))
  const start = el("button", { type: "button", className: "primary" }, "Search")
  const clear = el("button", { type: "button" }, "Take back my flips")
  start.onclick = searchBoth
  clear.onclick = clearFlips
  const question = el("p", { className: "question" })
  const rows = Object.entries(CHANGES).map(([id, name]) => {
    const canvas = el("canvas", { width: SIZE, height: SIZE })
    canvas.setAttribute("aria-hidden", "true")
    const words = el("span", { className: "found" })
    const radio = el("input", { type: "radio", name: "change", value: id })
    radio.onchange = () => showChange(id)
    const row = el(
      "label",
      { className: "change" },
      radio,
      canvas,
      el("span", { className: "words" }, el("b", {}, name), el("small", {}, ABOUT[id]), words),
    )
    return { id, row, canvas, words, radio }
  })
  const outcome = el("p", { className: "outcome", role: "status" })
  const element = el(
    "div",
    { className: "fool" },
    el(
      "div",
      { className: "aim" },
      el("label", { htmlFor: "fool-network" }, "Fool "),
      networks,
      el("label", { htmlFor: "fool-target" }, " into reading "),
      targets,
      start,
      clear,
    ),
    question,
    el("div", { role: "radiogroup", "aria-label": "Which change is shown" }, ...rows.map(({ row }) => row)),
    outcome,
  )

  function update() {
    options(
      networks,
      desk.networks.map(({ about: { name } }) => [name, name]),
      fool.network,
    )
    const { about } = fooledNetwork() ?? desk.networks[0]
    options(targets, targetsOf(about, fool.from), `${fool.target ?? ""}`)
    start.disabled = !fooledNetwork()?.reader || fool.searching
    start.textContent = fool.searching ? "Searching …" : "Search"
    clear.disabled = !fool.flips.size
    const from = fool.from ?? state.digit.label
    const what = typeof from === "number" ? nameOf(about, from) : about.classes ? "picture" : "digit"
    question.textContent = `What is the smallest change that turns this ${what} into ${wantedOf(about, fool.target)} for ${fool.network}?`
    for (const { id, row, canvas, words, radio } of rows) {
      const found = finding(id)
      radio.disabled = !found
      radio.checked = fool.shown === id
      row.classList.toggle("chosen", fool.shown === id)
      row.classList.toggle("off", !found)
      paintCells(canvas, found ? found.picture : state.base, SIZE, SIZE)
      words.textContent = found?.said ?? ""
    }
    outcome.textContent = verdict()
  }
  return { element, update }
}

/** An answer of the network that is fooled. */
const said = (answer) => (answer === null ? "nothing" : nameOf(fooledNetwork()?.about ?? {}, answer))

/** What there is of a change: its picture, and what to say of it; null if it was not searched for. */
function finding(id) {
  if (id === "greedy" && !fool.greedy) return null
  if (id === "fgsm" && !fool.slope) return null
  if (id === "same" && !(fool.slope && fool.flips.size)) return null
  const picture = pictureOf(id)
  const { total, pixels, most } = changeOf(state.base, picture)
  const moved = `${pixels} ${pixels === 1 ? "pixel" : "pixels"}, ${fixed(total, 1)} of ink moved`
  const shown = fool.shown === id && fooledNetwork()?.reading
  const reading = shown || (id === "same" && fool.share)
  const reads = reading
    ? ` Reads ${said(answerOf(reading))} (${percent(Math.max(...reading), true).replaceAll(" ", "\u00a0")}).`
    : ""
  if (id === "hand") return { picture, said: `${moved}.${reads}` }
  if (id === "greedy") {
    const { done, lead } = fool.greedy
    const how = !done ? ", so far." : lead > 0 ? ": fooled." : `: not fooled after ${MOST} flips.`
    return { picture, said: `${moved}${how}${reads}` }
  }
  if (id === "fgsm" && fool.slope.epsilon === null) return { picture, said: `Not fooled by any ε.${reads}` }
  const epsilon = id === "fgsm" ? fool.slope.epsilon : sameEpsilon()
  return { picture, said: `${moved}, ε = ${fixed(Math.min(epsilon, most), 3)}.${reads}` }
}

/** Who needed less. */
function verdict() {
  if (fool.from === null) return `${fool.network} cannot tell what this picture is, so there is nothing to change.`
  if (fool.from !== undefined && fool.from === fool.target) return `${fool.network} reads ${said(fool.target)} already.`
  if (!fool.greedy?.done) return ""
  const mine = fool.shown === "hand" && fooledNetwork()?.reading
  const fooled = mine && (fool.target === null ? answerOf(mine) !== fool.from : answerOf(mine) === fool.target)
  const managed = fool.greedy.lead > 0
  const flips = managed ? `The search needed ${fool.greedy.flips.length}.` : `The search did not manage with ${MOST}.`
  if (!fool.flips.size) return `${flips} Can you${managed ? " do it with fewer" : ""}?`
  return `${fooled ? `You did it with ${fool.flips.size}.` : `You flipped ${fool.flips.size}.`} ${flips}`
}

/** Fill a choice, without touching one that is as it should be. */
function options(select, wanted, value) {
  const same = select.options.length === wanted.length && wanted.every(([id], at) => select.options[at].value === id)
  if (!same) select.replaceChildren(...wanted.map(([id, name]) => el("option", { value: id }, name)))
  if (select.value !== value) select.value = value
}
