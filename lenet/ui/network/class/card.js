// How to join, for the projector: the QR code, the address, the code in large letters, and who is there.

import { el, svg } from "../dom.js"
import { VARIANT_COLOURS } from "../palette.js"

const QUIET = 4 // modules around a QR code that stay white

export const colourOf = (number) => VARIANT_COLOURS[(number - 1) % VARIANT_COLOURS.length]

/** A pupil: their number in their colour, and the nickname if there is one. */
export function badge(number, name = "") {
  const words = name ? ` ${name}` : ""
  return el("span", { className: "badge", style: `--colour: ${colourOf(number)}` }, el("b", {}, `${number}`), words)
}

export default function ({ data, root }) {
  const count = data.pupils.length
  root.replaceChildren(
    el(
      "section",
      { className: `card ${data.aside ? "aside" : ""}`, "aria-label": "How to join" },
      qr(data.qr, data.link),
      el(
        "div",
        { className: "how" },
        el("p", {}, "Scan, or open ", el("b", { className: "address" }, data.address), " and type"),
        el("p", { className: "code" }, data.code),
        el("p", { className: "count", role: "status" }, count === 1 ? "1 pupil is in" : `${count} pupils are in`),
        el("p", { className: "badges" }, ...data.pupils.map(([number, name]) => badge(number, name))),
      ),
    ),
  )
}

function qr({ size, path }, link) {
  const whole = size + 2 * QUIET
  const viewBox = `${-QUIET} ${-QUIET} ${whole} ${whole}`
  return svg(
    "svg",
    { viewBox, class: "qr", role: "img", "aria-label": `QR code of ${link}` },
    svg("rect", { x: -QUIET, y: -QUIET, width: whole, height: whole, fill: "#fff" }),
    svg("path", { d: path, fill: "#000", "shape-rendering": "crispEdges" }),
  )
}
