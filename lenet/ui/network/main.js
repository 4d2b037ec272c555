// The one component of ours: it shows the view that its data name. Views are modules of this folder, loaded when they
// are first shown, and share what they import.

const VIEWS = {
  answer: () => import("./answer.js"),
  network: () => import("./network.js"),
  strip: () => import("./strip.js"),
}

/** Streamlit has no landmarks: the row of pages is made one for screen readers. */
function nameFrame() {
  const frame = document.querySelector(".st-key-frame")
  frame?.setAttribute("role", "navigation")
  frame?.setAttribute("aria-label", "Pages")
}

export default function (component) {
  nameFrame()
  const { data, parentElement } = component
  const root = parentElement.querySelector(".lenet")
  let stop = null
  let ended = false
  const show = data instanceof Uint8Array ? import("./weights.js") : VIEWS[data.view]()
  show.then((view) => {
    if (!ended) stop = view.default({ ...component, root })
  })
  return () => {
    ended = true
    stop?.()
  }
}
