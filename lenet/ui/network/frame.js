// What every page needs of the browser: a landmark, and steps of Back that are pages as they were left.

import { ADDRESS } from "./dom.js"
import { PAGES } from "./streamlit.js"

const push = history.pushState.bind(history)
let left = "" // the address of a page when a link of it was followed

/** Streamlit has no landmarks: the row of pages is made one for screen readers. */
function nameRow() {
  const row = document.querySelector(PAGES)
  row?.setAttribute("role", "navigation")
  row?.setAttribute("aria-label", "Pages")
}

const path = (address) => new URL(address, location.href).pathname

addEventListener("click", (event) => event.target.closest?.("a[href]") && (left = location.href), true)

/** Streamlit adds a step of Back for each parameter that a page writes into its address: those replace the step. On the
 *  way to another page it writes the new parameters into the old page's address, which gets its own back. */
history.pushState = (state, title, address = location.href) => {
  if (path(address) === location.pathname) {
    history.replaceState(state, title, address)
    dispatchEvent(new Event(ADDRESS))
    return
  }
  if (left && path(left) === location.pathname) history.replaceState(history.state, "", left)
  left = ""
  push(state, title, address)
}

export default function () {
  nameRow()
  return () => {}
}
