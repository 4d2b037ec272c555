// All that our scripts know of the insides of Streamlit and of the drawing canvas.

export const PAGES = ".st-key-frame" // the row with the way to all pages
export const LINK = "[data-testid=stPageLink-NavLink]" // to another page
export const CANVAS = ".st-key-canvas" // the place of the drawing canvas
export const COMPONENT = "[data-testid=stBidiComponentIsolated]" // holds what a component shows, in a shadow root
export const SURFACE = "canvas.upper-canvas" // of the drawing canvas: what takes the pen
export const TOOLBAR = ".dc-toolbar" // of the drawing canvas

/** The surface that takes the pen, or null while it is not there. */
export function surface() {
  const root = document.querySelector(`${CANVAS} ${COMPONENT}`)?.shadowRoot
  return root?.querySelector(SURFACE) ?? null
}

/** Have what `change` changes sent now, and by itself. Streamlit sends it in a timeout, together with all that changes until
 *  then, and has only one part of the page hear of it: a press in that moment would be lost. */
export function atOnce(change) {
  const { setTimeout } = globalThis
  const due = []
  globalThis.setTimeout = (then, wait, ...rest) => (wait ? setTimeout(then, wait, ...rest) : due.push(then))
  try {
    change()
  } finally {
    globalThis.setTimeout = setTimeout
  }
  for (const then of due) then()
}
