// One weight in the hand: a slider and a field for its number. Every move changes the network at once.

import { el } from "../dom.js"
import { figure } from "../formatting.js"

const STEP = 0.05 // of an arrow key
const REACH = 3 // the slider goes at least so far to both sides of zero

/** changed: is called at each move; settled: when one lets go. */
export function editorView(edited, changed, settled) {
  const title = el("b", {})
  const was = el("span", {})
  const slider = el("input", { type: "range", step: 0.01, "aria-label": "The weight, as a slider" })
  const field = el("input", { type: "number", step: STEP, "aria-label": "The weight, as a number" })
  const done = el("button", { type: "button", "data-do": "done" }, "Done")
  const element = el("div", { className: "editor", hidden: true }, title, slider, field, done, was)
  let chosen = null
  let place = null

  const value = () => edited.tensors[chosen.name][chosen.at]
  const show = () => {
    element.hidden = !chosen
    if (!chosen) return
    const original = edited.original[chosen.name][chosen.at]
    const reach = Math.max(REACH, Math.ceil(3 * Math.abs(original)))
    Object.assign(slider, { min: -reach, max: reach })
    slider.value = value()
    if (field.getRootNode().activeElement !== field) field.value = Number(value().toFixed(4))
    title.textContent = wordsOf(chosen, edited)
    was.textContent = value() === original ? "" : `was ${figure(original)}`
  }
  const set = (text) => {
    const number = Number(text)
    if (text === "" || !Number.isFinite(number)) return
    const words = `${wordsOf(chosen, edited)} = ${figure(number)}`
    edited.change(words, [{ name: chosen.name, start: chosen.at, values: [number] }], `${chosen.name} ${chosen.at}`)
    show()
    changed()
  }
  slider.oninput = () => {
    set(slider.value)
    field.value = slider.value
  }
  field.oninput = () => set(field.value)
  slider.onchange = settled
  field.onblur = () => chosen && settled() // each arrow key is a change of its own, but one step of undo
  const back = () => {
    const { name, at } = chosen
    settled()
    choose(null)
    place?.querySelector(`[data-weight="${name}"][data-at="${at}"]`)?.focus({ preventScroll: true })
  }
  done.onclick = back
  element.onkeydown = (event) => {
    if (event.key === "Enter" || event.key === "Escape") {
      event.preventDefault()
      event.stopPropagation()
      back()
    }
  }
  /** Take a weight into the hand; null: none. hold: whether the keys go to its field. */
  const choose = (next, hold = true) => {
    chosen = next
    show()
    if (!chosen || !hold) return
    field.value = Number(value().toFixed(4))
    field.focus({ preventScroll: true })
    field.select()
  }
  /** Frame the chosen weight, and those that are edited, among the numbers of the panel. */
  const mark = (body) => {
    place = body
    for (const button of body.querySelectorAll("[data-weight]")) {
      const { weight, at } = button.dataset
      button.classList.toggle("chosen", weight === chosen?.name && Number(at) === chosen.at)
      button.classList.toggle("altered", edited.tensors[weight][at] !== edited.original[weight][at])
    }
  }
  return { element, choose, mark, set, show }
}

/** What a weight is called: the layer, and its row and place there. */
function wordsOf({ name, at }, { tensors }) {
  const [layer, key] = name.split(".")
  if (key.startsWith("bias")) return `${layer} bias ${at}`
  const rows = tensors[name.replace("weight", "bias")]?.length ?? 1
  const length = tensors[name].length / rows
  return `${layer} ${Math.floor(at / length)}, weight ${at % length}`
}
