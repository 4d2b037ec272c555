// The paper's claims: the verdict first, then the evidence in one picture, then the numbers, and the rest on request.

import { el, svg } from "../dom.js"
import { fixed } from "../formatting.js"
import { cross, scale, whenWide } from "./plot.js"
import { tryClaim } from "./triples.js"

const RADIUS = 4.5 // pixels of a dot
const PILE = 70 // how high dots may be piled
const LETTER = 7 // pixels of one in the words of a tick, about
const MARGIN = 46 // at both ends of an axis, for the words of its ticks

export default function ({ data, root, setTriggerValue }) {
  root.stop?.()
  const open = new Set([...root.querySelectorAll("details[open]")].map((details) => details.dataset.claim))
  const pictures = []
  const articles = data.claims.map((claim) => article(claim, open.has(claim.id), pictures, setTriggerValue))
  root.replaceChildren(el("section", { className: "claims" }, el("h2", {}, data.title), key(), ...articles))
  root.stop = whenWide(root.querySelector(".claims"), () => {
    for (const draw of pictures) draw()
  })
  return root.stop
}

const key = () =>
  el(
    "p",
    { className: "key" },
    el("span", {}, el("i", { className: "dot" }), "a run (seed)"),
    el("span", {}, el("b", { className: "tone bad" }, "× "), "a run that fails: it ends without some digit"),
    el("span", {}, el("i", { className: "zone" }), "here the claim holds"),
    el("span", {}, el("i", { className: "whisker" }), "exact 95 % interval"),
  )

function article(claim, open, pictures, setTriggerValue) {
  const parts = claim.parts.map((part) => {
    const place = el("div", { className: "strip" })
    if (part.strip.dots) pictures.push(() => place.replaceChildren(picture(part, place.clientWidth)))
    return el(
      "li",
      {},
      el("p", {}, el("b", { className: `tone ${part.tone}` }, `${part.outcome}: `), part.words),
      place,
      el("p", { className: "small" }, part.short),
    )
  })
  const details = el(
    "details",
    { open },
    el("summary", {}, "The numbers, the rule, and why"),
    ...claim.parts.map((part) =>
      el("div", {}, el("h4", {}, part.words), ...part.details.map((line) => el("p", {}, line))),
    ),
    el("p", {}, el("b", {}, "Why. "), claim.mechanism),
  )
  details.dataset.claim = claim.id
  const ways = (claim.story?.ways ?? []).map(({ id, words, url }) => {
    const link = el("a", { href: url, className: "way" }, words)
    link.onclick = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return
      event.preventDefault()
      setTriggerValue("open", id) // without loading the page anew
    }
    return link
  })
  return el(
    "article",
    { className: "claim", id: `claim-${claim.id}` },
    el("h3", {}, el("span", { className: `verdict ${claim.tone}` }, claim.verdict), ` ${claim.id} ${claim.words}`),
    claim.note ? el("p", {}, claim.note) : null,
    claim.three.length ? three(claim) : null,
    ways.length ? el("p", { className: "links" }, el("b", {}, claim.story.lead), ...ways) : null,
    el("ul", {}, ...parts),
    details,
  )
}

/** What three repetitions would have said, as a bar; the claim goes up to where one can try it. */
function three(claim) {
  const bar = el("span", {
    className: "bar",
    role: "img",
    "aria-label": claim.three.map(([words, share]) => `${words} ${fixed(100 * share, 0)} %`).join(", "),
  })
  for (const [, share, tone] of claim.three) {
    const piece = el("i", { className: tone })
    piece.style.width = `${100 * share}%`
    bar.append(piece)
  }
  const words = claim.three.map(([verdict, share]) => `${verdict} ${fixed(100 * share, 0)} %`).join(", ")
  const button = el("button", { type: "button", className: "plain" }, "Try it with three")
  button.onclick = () => tryClaim(claim.id)
  return el("p", { className: "repeat" }, "Three repetitions would have said: ", bar, ` ${words} `, button)
}

function picture(part, width) {
  const { axis, ticks, band, dots, interval, share } = part.strip
  const x = scale(axis, [MARGIN, Math.max(MARGIN + 60, width - MARGIN)])
  const placed = share ? inRow(dots, x(axis[0]), x(axis[1])) : piled(dots, x)
  const top = 8 + Math.max(...placed.map(({ up }) => up))
  const line = top + 14
  const height = line + 24
  const node = svg("svg", { width, height, role: "img", "aria-label": `${part.words}. ${part.short}` })
  const bottom = share ? line - 12 : 0
  if (band) {
    const from = x(Math.max(band[0], axis[0]))
    node.append(
      svg("rect", {
        class: "zone",
        x: from,
        width: Math.max(3, x(Math.min(band[1], axis[1])) - from),
        y: bottom,
        height: line - bottom,
      }),
    )
  }
  node.append(svg("line", { class: "axis", x1: x(axis[0]), x2: x(axis[1]), y1: line, y2: line }))
  const step = (x(axis[1]) - x(axis[0])) / Math.max(1, ticks.length - 1)
  const longest = Math.max(...ticks.map(([, words]) => words.length))
  const every = Math.ceil((LETTER * (longest + 2)) / Math.max(1, step))
  for (const [at, [place, words]] of ticks.entries()) {
    node.append(svg("line", { class: "axis", x1: x(place), x2: x(place), y1: line, y2: line + 4 }))
    if (at % every === 0) node.append(svg("text", { x: x(place), y: line + 18, "text-anchor": "middle" }, words))
  }
  if (interval) {
    const [value, low, high] = interval.map((end) => x(Math.max(axis[0], Math.min(axis[1], end))))
    node.append(
      svg("line", { class: "whisker", x1: low, x2: high, y1: line - 5, y2: line - 5 }),
      svg("line", { class: "whisker", x1: value, x2: value, y1: line - 11, y2: line + 1 }),
    )
  }
  for (const { dot, across, up } of placed) {
    const y = line - 14 - up + (share ? 0 : 2)
    const mark = dot.fails
      ? svg("g", { class: "tone bad" }, cross(across, y, "currentColor", RADIUS - 0.5))
      : svg("circle", { cx: across, cy: y, r: RADIUS })
    mark.append(svg("title", {}, `Seed ${dot.seed}: ${dot.words}${dot.fails ? ", fails" : ""}`))
    node.append(mark)
  }
  return node
}

/** Dots of about the same place lie on one another. */
export function piled(dots, x) {
  const piles = new Map()
  for (const dot of dots) {
    const bin = Math.round(x(dot.value) / (2 * RADIUS))
    piles.set(bin, [...(piles.get(bin) ?? []), dot])
  }
  return [...piles].flatMap(([, pile]) => {
    const step = Math.min(2 * RADIUS, PILE / pile.length)
    const across = x(pile[0].value)
    return pile.map((dot, at) => ({ dot, across, up: at * step }))
  })
}

/** Where seeds are counted: one beside the other, those that fail first. */
function inRow(dots, start, end) {
  const sorted = [...dots].sort((a, b) => b.fails - a.fails)
  const step = Math.min(2 * RADIUS + 4, (end - start) / dots.length)
  return sorted.map((dot, at) => ({ dot, across: start + RADIUS + at * step, up: 10 }))
}
