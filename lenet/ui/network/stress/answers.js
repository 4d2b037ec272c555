// What each network reads in the picture: the digit, how sure it is, and ten bars.

import { desk } from "../desk.js"
import { el } from "../dom.js"
import { answerOf } from "../engine.js"
import { percent } from "../formatting.js"
import { verdictOf } from "../verdict.js"
import { nameOf } from "./names.js"
import { state } from "./state.js"

export function answersView() {
  const element = el("div", { className: "results" })
  let cards = []
  return {
    element,
    /** The networks are others. */
    build() {
      cards = desk.networks.map(cardOf)
      element.className = `results of-${cards.length}`
      element.replaceChildren(...cards.map(({ card }) => card))
    },
    update() {
      desk.networks.forEach((network, at) => {
        fill(cards[at], network)
      })
    },
    /** What a screen reader is told. */
    said: () =>
      desk.networks.map(({ about, reading }) => `${about.name}: ${reading ? inWords(about, reading) : "…"}`).join(". "),
  }
}

function cardOf(network) {
  const { about, colour } = network
  const columns = Array.from({ length: 10 }, (_, digit) => {
    const bar = el("i", {})
    return { bar, column: el("li", {}, el("span", {}, bar), el("b", {}, nameOf(about, digit).slice(0, 2))) }
  })
  const big = el("div", { className: "digit" })
  const said = el("p", { className: "verdict" })
  const list = el("ol", { role: "img" }, ...columns.map(({ column }) => column))
  list.onpointerover = ({ target }) => {
    const digit = columns.findIndex(({ column }) => column.contains(target))
    if (digit >= 0 && network.reading)
      columns[digit].column.title = `${nameOf(about, digit)}: ${percent(network.reading[digit])}`
  }
  const card = el(
    "article",
    { className: "result", style: `--colour:${colour}`, translate: false },
    el("h2", {}, el("span", { className: "chip", style: `--colour:${colour}` }), about.name),
    big,
    list,
    said,
  )
  return { card, big, said, list, columns }
}

/** In a few words: right or wrong, where that is known, and the probability of the answer. */
function wordsOf(answer, most) {
  const { label } = state.digit
  if (!(most >= 0) || answer === null) return verdictOf(answer, most, 1, label)
  const chance = percent(most, true).replaceAll(" ", "\u00a0")
  return label === null ? chance : `${answer === label ? "right" : "wrong"}, ${chance}`
}

const inWords = (about, reading) =>
  `${answerOf(reading) === null ? "cannot tell" : nameOf(about, answerOf(reading))}, ${wordsOf(answerOf(reading), Math.max(...reading))}`

function fill({ card, big, said, list, columns }, { about, reading, problem }) {
  const answer = reading ? answerOf(reading) : null
  const wrong = reading && state.digit.label !== null && answer !== state.digit.label
  card.classList.toggle("wrong", Boolean(wrong))
  big.textContent = !reading ? "" : answer === null ? "?" : nameOf(about, answer)
  big.classList.toggle("word", big.textContent.length > 2)
  said.textContent = problem || (reading ? wordsOf(answer, Math.max(...reading)) : "…")
  columns.forEach(({ bar, column }, digit) => {
    const share = reading ? Number(reading[digit]) || 0 : 0
    bar.style.transform = `scaleY(${share})`
    column.className = digit === answer ? "first" : ""
  })
  const words = reading ? `: ${inWords(about, reading)}` : ""
  list.setAttribute("aria-label", `Probabilities of ${about.name}${words}`)
}
