// The one component of ours: it shows the view that its data name. Views are modules of this folder, loaded when they
// are first shown, and share what they import.

const VIEWS = {
  answer: () => import("./draw/answer.js"),
  inside: () => import("./inside/inside.js"),
  frame: () => import("./frame.js"),
  lesson: () => import("./lesson.js"),
  network: () => import("./network.js"),
  saliency: () => import("./inside/saliency.js"),
  kernels: () => import("./inside/kernels.js"),
  tape: () => import("./inside/tape.js"),
  slides: () => import("./draw/slides.js"),
  strip: () => import("./strip.js"),
  stress: () => import("./stress/stress.js"),
  "stress-spoilt": () => import("./stress/corruptions.js"),
  "stress-two": () => import("./stress/two.js"),
}

export default function (component) {
  const { data, parentElement } = component
  const root = parentElement.querySelector(".lenet")
  let stop = null
  let ended = false
  const weights = data instanceof Uint8Array
  const show = weights ? import("./weights.js") : VIEWS[data.view]()
  root.latest = component
  show.then((view) => {
    const late = !weights && root.latest !== component // modules that arrive together may do so in any order
    if (!ended && !late) stop = view.default({ ...component, root })
  })
  return () => {
    ended = true
    stop?.()
  }
}
