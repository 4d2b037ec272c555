// A pupil's page: it waits, asks, or has a digit written, as the teacher leads. What is sent is kept and sent again until
// the server says that it has it, so that a lost connection or a server that died loses nothing.

import { el } from "../dom.js"
import { badge } from "./card.js"
import { go } from "./member.js"
import { padOf } from "./pad.js"
import { questionOf } from "./question.js"
import { inWords, laneOf } from "./race.js"

const AGAIN = 3000 // milliseconds after which what was not answered is sent again

export default function (component) {
  const { root, data } = component
  if (data.follows && go(data.lead)) return
  root.app ??= appOf(root, data.code)
  root.app.update(component)
}

function appOf(root, code) {
  const store = `lenet-class-${code}`
  const kept = JSON.parse(sessionStorage.getItem(store) ?? "{}")
  let { drawings = [], vote = null } = kept // on their way: { mark, label, strokes } each; { question, choice }
  let component = null
  let sent = 0
  let said = ""
  const head = el("p", { className: "me" })
  const place = el("div", {})
  const problem = el("p", { className: "problem", role: "alert" })
  const writing = writingOf((strokes) => {
    const mark = crypto.getRandomValues(new Uint32Array(3)).join("-")
    drawings.push({ mark, label: wanted(), strokes })
    problem.textContent = ""
    send()
    show()
  })
  const wanted = () => (component.data.wanted + drawings.length) % 10
  root.replaceChildren(head, problem, place)

  const send = () => {
    sessionStorage.setItem(store, JSON.stringify({ drawings, vote }))
    if (!drawings.length && !vote) return
    sent = performance.now()
    component.setTriggerValue("sent", { drawings: drawings.slice(0, 5), vote })
  }
  const show = () => {
    const { data } = component
    const asked =
      data.question && vote?.question === data.question.id ? { ...data.question, mine: vote.choice } : data.question
    const now = JSON.stringify([data.stage, data.locked, asked, data.race, data.number, data.nickname])
    if (data.stage === "wall" && !data.locked) writing.update(wanted(), data.saved.length + drawings.length)
    if (now === said) return
    said = now
    head.replaceChildren("You are ", badge(data.number, data.nickname))
    place.replaceChildren(bodyOf(data, asked, writing, choose))
  }
  const choose = (choice) => {
    vote = { question: component.data.question.id, choice }
    send()
    show()
  }
  const again = setInterval(() => {
    if (!root.isConnected) clearInterval(again)
    else if (performance.now() - sent > AGAIN) send()
  }, AGAIN)

  return {
    update(now) {
      component = now
      const { saved, refused, question } = now.data
      drawings = drawings.filter(({ mark }) => !saved.includes(mark) && !(mark in refused))
      if (vote && (!question || question.id !== vote.question || question.mine === vote.choice || question.revealed))
        vote = null
      if (now.data.problem) problem.textContent = now.data.problem
      sessionStorage.setItem(store, JSON.stringify({ drawings, vote }))
      show()
    },
  }
}

function bodyOf(data, asked, writing, choose) {
  if (data.stage === "vote" && asked) {
    const body = questionOf(asked, choose)
    if (asked.mine !== null && !asked.revealed)
      body.querySelector(".state").textContent = "Voted. You may change your mind until the reveal."
    return body
  }
  if (data.stage === "wall" && !data.locked) return writing.element
  if (data.stage === "race" && data.race) return runOf(data.race)
  const words =
    data.stage === "wall"
      ? "The wall is locked."
      : data.stage === "lobby"
        ? "You are in."
        : "Look at the screen in front."
  return el(
    "div",
    { className: "wait" },
    el("h2", {}, words),
    el("p", {}, "Keep this page open: it changes by itself."),
  )
}

/** A pupil's own run of the race. */
function runOf(race) {
  const { network, seed, state, before, run } = race
  const words = {
    waits: before ? `${before} ${before === 1 ? "run is" : "runs are"} before yours.` : "It begins in a moment.",
    runs: "It is learning. A struck-out digit is one that it does not say yet.",
    stopped: "The race was stopped before your run had ended.",
  }
  const link = state === "runs" ? "Watch it learn on the page Train" : "See its curves on the page Train"
  const watch = run && ["runs", "done"].includes(state) ? el("a", { href: `train?run=${run}` }, link) : null
  return el(
    "div",
    { className: "run" },
    el("h2", {}, `Your run: seed ${seed}`),
    el("p", {}, `${network}. Everybody's is the same but for the seed.`),
    el("div", { role: "list" }, laneOf(race)),
    el("p", { className: "state", role: "status" }, words[state] ?? inWords(race)),
    watch && el("p", {}, watch),
  )
}

/** Write one digit after another. */
function writingOf(done) {
  const ready = el("button", { className: "primary", disabled: true }, "Put it on the wall")
  const clear = el("button", { disabled: true }, "Clear")
  const title = el("h2", { "aria-live": "polite" })
  const count = el("p", { className: "state" })
  const pad = padOf(() => {
    ready.disabled = clear.disabled = !pad.strokes().length
  })
  clear.onclick = () => pad.clear()
  ready.onclick = () => {
    const strokes = pad.strokes()
    pad.clear()
    done(strokes)
  }
  return {
    element: el(
      "div",
      { className: "writing" },
      title,
      pad.element,
      el("div", { className: "row" }, ready, clear),
      count,
    ),
    update(digit, written) {
      title.textContent = `Write a ${digit}`
      count.textContent =
        written === 1
          ? "1 digit of yours is on the wall."
          : written
            ? `${written} digits of yours are on the wall.`
            : "As you always write it, as large as the board."
    },
  }
}
