// A drawing of several digits read without being cut: LeNet slides along it. Shown where a drawing is cut, so that one sees
// why cutting is hard.

import { desk, judgeNetwork, watch } from "../desk.js"
import { el, paintCells } from "../dom.js"
import { percent } from "../formatting.js"
import { SIZE } from "../ink.js"
import { NOTHING, path, shares, slide, strip } from "../sliding.js"

const STEP = 4 // pixels from one place to the next
const SCALE = 6 // pixels of the screen for one of the drawing
const ROWS = [..."0123456789", "nothing"]

export default function ({ root }) {
  root.stop?.()
  root.classList.add("slides")
  const said = el("p", {})
  const row = el("canvas", { role: "img" })
  const found = el("div", { className: "found" })
  const cells = el("canvas", { role: "img" })
  const labels = el("ol", {}, ...ROWS.map((label) => el("li", {}, label)))
  const about = el(
    "p",
    { className: "about" },
    "Cutting must say where a digit ends before it has read it. Sliding reads everywhere, four pixels at a time: a column ",
    "for each place, bright where the network is sure. Then it takes the digits on the best path: at least four places ",
    `apart, and none where even the largest logit is below ${NOTHING}. So it was done in the paper of 1998.`,
  )
  const along = el("div", { className: "along" }, found, row, el("div", { className: "places" }, labels, cells))
  const element = el("section", { hidden: true }, el("h3", {}, "Without a cut: LeNet slides"), said, along, about)
  root.replaceChildren(element)
  let cuts = null // those of the drawing that is shown

  const show = () => {
    if (desk.pen) return
    const network = desk.several ? judgeNetwork() : null
    element.hidden = !network
    if (!network || cuts === desk.cuts) return
    cuts = desk.cuts
    const start = performance.now()
    const ink = strip(desk.ink)
    const logits = slide(network, ink)
    const digits = path(logits)
    const chances = shares(logits)
    root.dataset.milliseconds = (performance.now() - start).toFixed(1)
    const text = digits.map(({ digit }) => digit).join("")
    root.dataset.answer = text
    said.replaceChildren(`Sliding along the whole drawing, ${network.name} reads `, el("b", {}, text || "nothing"), ".")
    paintCells(row, ink.values, SIZE, ink.width)
    row.setAttribute("aria-label", `The drawing, ${ink.width} pixels wide`)
    const columns = chances.length
    const values = Float32Array.from(
      { length: ROWS.length * columns },
      (_, at) => chances[at % columns][Math.floor(at / columns)],
    )
    paintCells(cells, values, ROWS.length, columns)
    cells.setAttribute("aria-label", `Probabilities at ${columns} places: ${text} on the best path`)
    along.style.width = `${SCALE * ink.width}px`
    labels.style.width = cells.style.marginLeft = `${(100 * (SIZE / 2 - STEP / 2)) / ink.width}%`
    cells.style.width = `${(100 * STEP * columns) / ink.width}%`
    found.replaceChildren(
      ...digits.map(({ column, digit }) =>
        el(
          "b",
          { style: `left:${(100 * (SIZE / 2 + STEP * column)) / ink.width}%`, title: percent(chances[column][digit]) },
          `${digit}`,
        ),
      ),
    )
  }
  root.stop = watch((what) => what !== "pen" && show())
  show()
  return root.stop
}
