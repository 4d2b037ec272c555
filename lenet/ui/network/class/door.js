// The way into a class: a code to type, or a class to open. Both are whole loads of the page, so that a server before
// several copies of the app can lead everybody of a class to the same one.

import { el } from "../dom.js"

export default function ({ data, root }) {
  if (root.firstChild) return // somebody may be typing
  const code = el("input", {
    name: "class",
    type: "text",
    maxLength: 12,
    required: true,
    autocomplete: "off",
    spellcheck: false,
    placeholder: "ABC234",
    "aria-label": "The code on the screen",
    autocapitalize: "characters",
  })
  code.oninput = () => {
    code.value = code.value.toUpperCase().replace(/[^0-9A-Z]/g, "")
  }
  root.replaceChildren(
    el(
      "div",
      { className: "door" },
      el(
        "form",
        { method: "get", action: "class" },
        el("h2", {}, "I am a pupil"),
        el("p", {}, "Type the code on the screen. Nobody asks for your name."),
        el("div", { className: "row" }, code, el("button", { className: "primary" }, "Join")),
      ),
      el(
        "form",
        { method: "get", action: "class" },
        el("h2", {}, "I am the teacher"),
        el("p", {}, "Open a class: you get a code and a QR code for the projector."),
        el("input", { type: "hidden", name: "open", value: data.code }),
        el("div", { className: "row" }, el("button", { className: "primary" }, "Open a class")),
      ),
    ),
  )
}
