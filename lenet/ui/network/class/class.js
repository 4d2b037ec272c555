// The component of classes: it shows the view that its data name. A view is called again whenever its data change, with
// the same root.

import card from "./card.js"
import door from "./door.js"
import { follow, remember } from "./member.js"
import pupil from "./pupil.js"
import question from "./question.js"
import race from "./race.js"
import score from "./score.js"
import wall from "./wall.js"

const VIEWS = { card, door, follow, pupil, question, race, remember, score, wall }

export default function (component) {
  const root = component.parentElement.querySelector(".lenet")
  root.classList.add("class")
  return VIEWS[component.data.view]({ ...component, root })
}
