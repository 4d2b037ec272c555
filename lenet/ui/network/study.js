// The component of the Experiments page: it shows the view that its data name, a module of this folder.

const VIEWS = {
  claims: () => import("./claims.js"),
  curves: () => import("./curves.js"),
  guess: () => import("./guess.js"),
  triples: () => import("./triples.js"),
}

export default function (component) {
  const root = component.parentElement.querySelector(".study")
  const data =
    component.data instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(component.data)) : component.data
  let stop = null
  let ended = false
  VIEWS[data.view]().then((view) => {
    if (!ended) stop = view.default({ ...component, data, root })
  })
  return () => {
    ended = true
    stop?.()
  }
}

/** Draw now, and again whenever the width changes. draw: gets the width in pixels. Returns what ends it. */
export function whenWide(element, draw) {
  let last = 0
  const watch = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width)
    if (width && width !== last) draw((last = width))
  })
  watch.observe(element)
  return () => watch.disconnect()
}
