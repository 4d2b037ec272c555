// The component of classes: it shows the view that its data name. A view is called again whenever its data change, with
// the same root.

import card from "./class-card.js"
import door from "./class-door.js"
import { follow, remember } from "./class-member.js"
import pupil from "./class-pupil.js"
import question from "./class-question.js"
import score from "./class-score.js"
import wall from "./class-wall.js"

const VIEWS = { card, door, follow, pupil, question, remember, score, wall }

export default function (component) {
  const root = component.parentElement.querySelector(".lenet")
  root.classList.add("class")
  return VIEWS[component.data.view]({ ...component, root })
}
