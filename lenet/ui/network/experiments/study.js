// The component of the Experiments page: it shows the view that its data name, a module of this folder.

import claims from "./claims.js"
import curves from "./curves.js"
import guess from "./guess.js"
import triples from "./triples.js"

const VIEWS = { claims, curves, guess, triples }

export default function (component) {
  const root = component.parentElement.querySelector(".study")
  const data =
    component.data instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(component.data)) : component.data
  return VIEWS[data.view]({ ...component, data, root })
}
