// The accuracy on a thousand test digits, and how it changed for each of the ten digits. A worker reads them.

import { el } from "../dom.js"
import { fixed } from "../formatting.js"
import { examiner } from "./examiner.js"
import { accuracyOf } from "./score.js"

const known = new Map() // what was found for networks as they came, by name and mark

/** want: asks the server for the digits, once. */
export function scoresView(about, edited, want) {
  const key = `${about.name} ${about.mark}`
  const names = about.classes ?? [..."0123456789"]
  const said = el("span", { role: "status" }, about.tests.problem)
  const { what, problem } = about.tests
  const words = `Test on ${what === "test digits" ? "1,000 digits" : what}`
  const begin = el("button", { type: "button", "data-do": "test", hidden: Boolean(problem) }, words)
  const bars = el("ol", { className: "scores", hidden: true, "aria-label": "Accuracy of each class" })
  const element = el("div", { className: "accuracy" }, begin, said, bars)
  const view = { element, test, stop: () => worker.stop(), found: null }
  const worker = examiner(about, want)
  let turn = 0

  async function test(then = () => {}) {
    if (problem) return
    const mine = ++turn
    begin.hidden = true
    said.textContent = "testing …"
    const before = known.get(key) ?? (await worker.read(edited.original))
    if (!before) return
    known.set(key, before)
    const found = edited.log.length ? await worker.read(edited.tensors) : before
    if (!found || mine !== turn) return
    view.found = found
    show(before, found)
    then()
  }

  function show(before, found) {
    const was = accuracyOf(before)
    const now = accuracyOf(found)
    said.replaceChildren(
      el("b", {}, `${fixed(100 * now, 1)} %`),
      ` of ${total(found.all).toLocaleString("en")} ${what}`,
      now === was ? "" : ` (${points(now - was)})`,
    )
    bars.hidden = false
    bars.replaceChildren(
      ...names.map((name, digit) => {
        const right = found.right[digit]
        const share = right / Math.max(1, found.all[digit])
        const change = right - before.right[digit]
        const words = `${/^\d$/.test(name) ? "digit " : ""}${name}: ${right} of ${found.all[digit]} right${change ? `, ${points(change, 0)}` : ""}`
        return el(
          "li",
          { title: words, "aria-label": words, className: change < 0 ? "less" : change > 0 ? "more" : "" },
          el("span", {}, name.slice(0, 3)),
          el("i", {}, el("em", { style: `height:${100 * share}%` })),
          el("span", {}, change ? points(change, 0) : ""),
        )
      }),
    )
    element.dataset.accuracy = now
  }

  begin.onclick = () => test()
  if (known.has(key)) {
    begin.hidden = true
    view.found = known.get(key)
    show(known.get(key), known.get(key))
  }
  return view
}

const total = (numbers) => numbers.reduce((sum, one) => sum + one, 0)

/** A change, with its sign. */
function points(change, digits = 1) {
  const text = fixed(digits ? 100 * change : change, digits)
  return change > 0 ? `+${text}` : text
}
