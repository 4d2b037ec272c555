// The digit spoilt in fifteen ways: what each network reads in every picture, and how often it misreads such pictures.

import { desk, watch as watchDesk } from "../desk.js"
import { decoded, el, paintCells, styled } from "../dom.js"
import { answerOf } from "../engine.js"
import { percent } from "../formatting.js"
import { SIZE } from "../ink.js"
import { GREYS } from "../palette.js"
import { search, state } from "./state.js"

export default function ({ data, root }) {
  root.stop?.()
  styled(root, "stress/stress.css")
  root.classList.add("spoilt")
  const { ways, measured, digits } = data
  let ends = []
  let asked = ""
  const figures = ways.map(({ label, about, image }) => {
    const canvas = el("canvas", { width: SIZE, height: SIZE, role: "img", "aria-label": `the digit, ${about}` })
    const pixels = decoded(image)
    paintCells(canvas, pixels, SIZE, SIZE, 1, false, GREYS)
    const lines = el("ul", {})
    const figure = el("figure", {}, canvas, el("figcaption", {}, el("b", {}, label), el("small", {}, about), lines))
    return { figure, lines, pixels }
  })
  root.replaceChildren(
    el(
      "p",
      {},
      "People still read nearly all of these. The fifteen ways are those of MNIST-C, a test that researchers use; how ",
      "strong each is, we chose. ",
      digits
        ? `Beside an answer: how many of ${digits.toLocaleString("en")} test digits, spoilt like this, it misreads.`
        : "",
    ),
    el("div", { className: "gallery" }, ...figures.map(({ figure }) => figure)),
  )

  function ask() {
    const networks = desk.networks.filter(({ reader }) => reader)
    const key = networks.map(({ about }) => about.name + about.mark).join()
    if (!state.digit || key === asked) return
    asked = key
    for (const end of ends) end()
    ends = figures.flatMap(({ lines, pixels }, way) => {
      lines.replaceChildren()
      return networks.map((network) => {
        const line = lines.appendChild(el("li", { style: `--colour:${network.colour}` }, "…"))
        return search(network, "once", pixels, {}, ({ shares }) => say(line, network.about, [...shares], ways[way].id))
      })
    })
  }

  function say(line, { name, mark, classes }, shares, id) {
    const answer = answerOf(shares)
    const { label } = state.digit
    const error = measured[mark]?.[id]
    line.className = label !== null && answer !== label ? "wrong" : ""
    line.title = `${name} reads ${answer ?? "nothing"}, ${percent(Math.max(...shares))}`
    line.replaceChildren(
      el("span", { className: "chip", style: line.getAttribute("style") }),
      el("b", {}, answer === null ? "?" : `${classes ? (classes[answer] ?? "–") : answer}`),
      error === undefined ? "" : el("span", {}, `misreads ${percent(error)}`),
    )
  }
  const unwatch = watchDesk(ask)
  ask()
  root.stop = () => {
    for (const end of [unwatch, ...ends]) end()
  }
  return root.stop
}
