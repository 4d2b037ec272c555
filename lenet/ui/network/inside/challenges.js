// Small tasks that teach what a single number can do.

import { el } from "../dom.js"
import { answerOf } from "../engine.js"
import { fixed } from "../formatting.js"
import { accuracyOf } from "./score.js"

const GOAL = 0.97 // of the thousand test digits, for a repair; one bias reaches 98.5 %

const numbers = (edited) => edited.differences.flatMap(({ name, at }) => at.map(() => name))

/** What each asks for and when it is done. */
const CHALLENGES = {
  break: {
    task: "Change one single weight so that this 7 is no longer read as a 7.",
    hint: "Its ten scores come from fc3. Which weight takes most from the 7, or gives most to another digit?",
    done: (edited) => numbers(edited).length === 1 && answerOf(edited.network.probabilities) !== 7,
    won: (edited) => `Done: with one number changed it says ${answerOf(edited.network.probabilities) ?? "nothing"}.`,
  },
  repair: {
    task: `This network never says 6. Change one single bias so that more than ${100 * GOAL} % of the test digits are right.`,
    hint: "The score of the 6 is always below zero, so the last ReLU makes it zero. Which bias lifts it?",
    done: (edited, found) =>
      numbers(edited).length === 1 && numbers(edited)[0].includes("bias") && found !== null && accuracyOf(found) > GOAL,
    won: (_, found) => `Done: one bias, and ${fixed(100 * accuracyOf(found), 1)} % of the test digits are right.`,
  },
}

/** begin: asks the server for the network and the digit of a challenge; null ends it. */
export function challengesView({ challenge, challenges }, begin) {
  const one = CHALLENGES[challenge]
  const state = el("p", { role: "status" })
  const button = (id, text) => {
    const made = el("button", { type: "button", "data-challenge": id ?? "" }, text)
    made.onclick = () => begin(id ?? "")
    return made
  }
  const element = el(
    "div",
    { className: `challenges ${one ? "on" : ""}` },
    one ? el("p", {}, el("b", {}, one.task), ` ${one.hint}`) : "Challenges: ",
    ...(one ? [state, button(null, "End it")] : Object.entries(challenges).map(([id, words]) => button(id, words))),
  )
  const show = (edited, found) => {
    element.hidden = !one && numbers(edited).length > 0 // they begin with a network as it was
    if (!one) return
    const count = numbers(edited).length
    const done = one.done(edited, found)
    element.classList.toggle("done", done)
    state.textContent = done
      ? `✓ ${one.won(edited, found)}`
      : `Changed so far: ${count} ${count === 1 ? "number" : "numbers"}.`
  }
  return { element, show }
}
