// A race: one lane for each seed, with the ten digits that its network says or never says, and what all of them say.

import { el } from "../dom.js"
import { percent } from "../formatting.js"
import { badge } from "./card.js"

export default function ({ data, root }) {
  const said = JSON.stringify(data)
  if (root.said === said) return
  root.said = said
  const { lanes, network, said: lines } = data
  root.replaceChildren(
    el(
      "section",
      { className: "race", "aria-label": "Race" },
      el("h2", {}, headline(data)),
      el("p", { className: "state", role: "status" }, `${network}. ${whereItIs(data)}`),
      lines.length ? el("ul", { className: "facts" }, ...lines.map((line) => el("li", {}, line))) : null,
      el("div", { className: "lanes", role: "list" }, ...lanes.map((lane) => laneOf(lane))),
    ),
  )
}

const headline = ({ lost, done }) =>
  done ? `${lost} of ${done} ${done === 1 ? "run has" : "runs have"} lost a class` : "Who loses a class?"

function whereItIs({ done, lanes, over, left }) {
  if (over) return done === lanes.length ? "All runs have ended." : `Stopped after ${done} of ${lanes.length} runs.`
  const time =
    left === null ? "" : `, about ${left < 90 ? `${Math.ceil(left)} s` : `${Math.round(left / 60)} min`} left`
  return `${done} of ${lanes.length} runs have ended${time}.`
}

/** One run in a line: whose it is, the ten digits, and how well it reads. */
export function laneOf(lane) {
  const { seed, pupils, state, share, digits, lost } = lane
  const who = pupils.length ? pupils.map((number) => badge(number)) : [el("span", { className: "nobody" }, "–")]
  const cells = Array.from({ length: 10 }, (_, digit) => {
    const known = digits?.[digit] ?? null
    const kind = known === null ? "" : known ? "says" : state === "done" ? "never" : "not-yet"
    return el("i", { className: kind }, `${digit}`)
  })
  return el(
    "div",
    { className: `lane ${state} ${lost ? "lost" : ""}`, role: "listitem", style: `--share: ${share}` },
    el("span", { className: "who", title: `Seed ${seed}` }, ...who),
    el("span", { className: "ten", "aria-hidden": "true" }, ...cells),
    el("span", { className: "how-well" }, inShort(lane)),
    el("span", { className: "spoken" }, inWords(lane)),
  )
}

function inShort({ state, accuracy }) {
  if (state === "failed") return "failed"
  if (state === "stopped") return "stopped"
  return accuracy === null || accuracy === undefined ? (state === "runs" ? "…" : "waits") : percent(accuracy)
}

/** What a run has come to, as a sentence. */
export function inWords({ seed, state, digits, dead, lost, accuracy, error }) {
  const of = `Seed ${seed}`
  if (state === "failed") return `${of}: ${error}`
  if (state !== "done") return `${of} ${{ waits: "waits", runs: "is learning", stopped: "was stopped" }[state]}.`
  const never = (digits ?? []).flatMap((known, digit) => (known ? [] : [digit]))
  const what = never.length ? `never says ${never.join(", ")}` : lost ? "has lost a class" : "says all ten digits"
  const logits = dead ? ` and has ${dead} dead ${dead === 1 ? "logit" : "logits"}` : ""
  return `${of} ${what}${logits}. ${percent(accuracy)} correct.`
}
