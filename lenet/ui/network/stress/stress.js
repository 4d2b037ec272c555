// The page Stress: a digit to be moved or to be tampered with, what each network reads in it, and where it breaks. All of
// it is computed here, in the frame in which a slider or a handle moves; sweeps and searches come from a worker.

import { desk, watch as watchDesk } from "../desk.js"
import { el, styled } from "../dom.js"
import { answersView } from "./answers.js"
import { chartView } from "./chart.js"
import { digitView } from "./digit.js"
import { foolView } from "./fool.js"
import { configure, leave, reset, setAgain, setFooling, state, watch } from "./state.js"
import { waysView } from "./ways.js"

const SPOKEN_AFTER = 600 // milliseconds without a change before a screen reader is told
const HINTS = {
  false: "Drag the digit to shift it, or its handles: ↻ turns, ↔ squeezes, ⤡ scales. Two fingers do all at once.",
  true: "Press a pixel to flip it between black and white.",
}
const LOST = "No digit can be found in that picture, so it is read as it is."

export default function ({ data, root }) {
  root.stop?.()
  root.classList.add("stress")
  let ended = false
  configure(data)
  styled(root, "stress/stress.css").then(() => !ended && begin())
  let unwatch = []
  let observer = null
  let telling = 0
  let late = 0

  function begin() {
    const parts = { digit: digitView(), ways: waysView(), answers: answersView(), chart: chartView(), fool: foolView() }
    const modes = [
      [false, "Change it"],
      [true, "Fool it"],
    ].map(([fooling, words]) => {
      const button = el("button", { type: "button" }, words)
      button.onclick = () => setFooling(fooling)
      return { fooling, button }
    })
    const again = el("input", { type: "checkbox" })
    again.onchange = () => setAgain(again.checked)
    const back = el("button", { type: "button", className: "reset" }, "Reset")
    back.onclick = reset
    const lost = el("p", { className: "lost", role: "status" })
    const hint = el("p", { className: "hint" })
    const spoken = el("div", { className: "spoken", "aria-live": "polite" })
    const page = el(
      "div",
      { className: "page" },
      el("div", { className: "top" }, parts.digit.element, parts.answers.element),
      el(
        "div",
        { className: "controls" },
        el("div", { className: "tabs", role: "group" }, ...modes.map(({ button }) => button)),
        back,
        el(
          "label",
          {
            title:
              "Scale and centre the changed picture as MNIST's were before it is read. Centring hides shifts, scaling hides sizes.",
          },
          again,
          " Normalise again",
        ),
        hint,
        lost,
      ),
      parts.ways.element,
      parts.fool.element,
      parts.chart.element,
      spoken,
    )
    root.replaceChildren(page)
    const read = () => {
      parts.answers.update()
      if (state.fooling) parts.fool.update()
      clearTimeout(telling)
      telling = setTimeout(() => (spoken.textContent = parts.answers.said()), SPOKEN_AFTER)
      root.dataset.answers = desk.networks
        .map(({ reading }) => (reading ? reading.indexOf(Math.max(...reading)) : ""))
        .join()
    }
    const picture = () => {
      page.classList.toggle("fooling", state.fooling)
      for (const { fooling, button } of modes) button.setAttribute("aria-pressed", fooling === state.fooling)
      again.checked = state.again
      hint.textContent = HINTS[state.fooling]
      lost.textContent = state.lost ? LOST : ""
      parts.digit.update()
      parts.ways.place()
      parts.chart.place()
    }
    const fill = () => {
      parts.ways.fill()
      parts.chart.fill()
      const swept = ({ about: { name } }) => Object.keys(state.sweeps[name] ?? {}).length === state.ways.length
      root.dataset.swept = String(desk.networks.every(swept))
    }
    const found = () => {
      clearTimeout(late)
      late = setTimeout(fill, 50) // one way after another is found
    }
    const build = () => {
      page.style.setProperty("--networks", desk.networks.length)
      parts.answers.build()
      read()
      picture()
      fill()
    }
    unwatch = [
      watch((what) => {
        if (what === "networks") build()
        else if (what === "picture") picture()
        else if (what === "fool") parts.fool.update()
        else found()
      }),
      watchDesk((what) => {
        if (what === "networks") build()
        else read()
      }),
    ]
    observer = new ResizeObserver(() => parts.chart.fill())
    observer.observe(parts.chart.plot)
    build()
  }

  root.stop = () => {
    ended = true
    leave()
    for (const end of unwatch) end()
    observer?.disconnect()
    clearTimeout(telling)
    clearTimeout(late)
  }
  return root.stop
}
