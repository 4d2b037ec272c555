// What three repetitions would have said: pick three seeds, see the paper's figure as it would have come out, and what
// one would have read from it.

import { el } from "../dom.js"
import { fixed } from "../formatting.js"
import { curves, whenWide } from "./plot.js"

const ACCURACY = { words: "Test accuracy", percent: true, limits: [0, 1] }
const THREE = 3
const PANEL = 170 // pixels, the narrowest panel of the figure
const TALL = 212 // its height
const SHORT = 128 // the same where there are several rows of them

let kept = null // what was picked last, also on the way to another page and back

/** Show a claim by its id, from wherever it stands on the page. */
export let tryClaim = () => {}

/** The place of three of n things, i < j < k, among all threes in the order of itertools.combinations. */
export function placeOf(n, [i, j, k]) {
  const pairs = (m) => (m * (m - 1)) / 2
  let place = 0
  for (let first = 0; first < i; first++) place += pairs(n - 1 - first)
  for (let second = i + 1; second < j; second++) place += n - 1 - second
  return place + (k - j - 1)
}

/** Whether these three seeds would have seemed to bear the claim out; null if it was not run with all of them. */
export function seems(claim, picked) {
  const places = picked.map((seed) => claim.seeds.indexOf(seed)).sort((a, b) => a - b)
  return places[0] < 0 ? null : claim.seems[placeOf(claim.seeds.length, places)] === "1"
}

/** Three of the seeds by chance, others than before. */
export function shuffled(seeds, before, random = Math.random) {
  for (;;) {
    const left = [...seeds]
    const three = Array.from({ length: THREE }, () => left.splice(Math.floor(random() * left.length), 1)[0])
    three.sort((a, b) => a - b)
    if (seeds.length <= THREE || `${three}` !== `${before}`) return three
  }
}

/** What the address asks for: "3f:0-4-7". */
function asked(claims) {
  const [id, seeds = ""] = (new URLSearchParams(location.search).get("three") ?? "").split(":")
  const claim = claims.find((one) => one.id === id)
  const picked = seeds.split("-").map(Number)
  const fit = claim && new Set(picked).size === THREE && picked.every((seed) => claim.seeds.includes(seed))
  return { claim, picked: fit ? picked : null }
}

function remember({ claim, picked }) {
  const address = new URL(location.href)
  address.searchParams.set("three", `${claim.id}:${picked.join("-")}`)
  history.replaceState(history.state, "", address)
}

export default function ({ data, root }) {
  root.stop?.()
  const { claim, picked } = asked(data.claims)
  const first = claim ?? data.claims.find((one) => one.id === (kept?.claim.id ?? data.first))
  if (!first) return root.replaceChildren() // not enough runs for any
  const same = kept?.claim.id === first.id
  const three = picked ?? (same && kept.picked.every((seed) => first.seeds.includes(seed)) ? kept.picked : null)
  const state = { claim: first, picked: three ?? first.seeds.slice(0, THREE), tally: same ? kept.tally : [] }
  kept = state
  const parts = {
    seeds: el("div", { className: "seeds", role: "group", "aria-label": "Three seeds" }),
    said: el("p", { className: "said", "aria-live": "polite" }),
    tally: el("p", { className: "tally" }),
    shares: el("div", { className: "shares" }),
    figure: el("div", { className: "figure" }),
  }
  let width = 0
  const show = () => {
    showSeeds(parts.seeds, state, pick)
    showVerdict(parts, state)
    if (width) showFigure(parts.figure, data, state, width)
  }
  const pick = (three) => {
    state.picked = three
    remember(state)
    show()
  }
  const choose = chooser(data.claims, state, () => {
    state.tally = []
    const known = state.picked.every((seed) => state.claim.seeds.includes(seed))
    pick(known ? state.picked : state.claim.seeds.slice(0, THREE))
  })
  const shuffle = el("button", { type: "button", className: "primary" }, "Shuffle")
  shuffle.onclick = () => {
    pick(shuffled(state.claim.seeds, state.picked))
    state.tally.push(seems(state.claim, state.picked))
    showVerdict(parts, state)
  }
  root.replaceChildren(
    el(
      "section",
      { className: "three", "aria-label": "What three repetitions would have said" },
      el(
        "div",
        { className: "controls" },
        el("h2", {}, "Would you have believed it?"),
        el("p", {}, "The paper ran each network three times. Pick any three of our runs and judge as it did:"),
        choose,
        el("div", { className: "picker" }, el("span", {}, "Seeds"), parts.seeds, shuffle),
        parts.said,
        parts.tally,
        parts.shares,
      ),
      parts.figure,
    ),
  )
  show()
  tryClaim = (id) => {
    choose.pick(id)
    root.scrollIntoView({ block: "start" })
    choose.querySelector("select").focus({ preventScroll: true })
  }
  root.stop = whenWide(parts.figure, (now) => {
    width = now
    show()
  })
  return root.stop
}

function chooser(claims, state, changed) {
  const select = el("select", { "aria-label": "Claim of the paper" })
  for (const claim of claims) select.append(el("option", { value: claim.id }, `${claim.id} ${claim.words}`))
  select.value = state.claim.id
  const pick = (id) => {
    const found = claims.find((claim) => claim.id === id)
    if (!found) return
    state.claim = found
    select.value = id
    changed()
  }
  select.onchange = () => pick(select.value)
  const all = el("label", { className: "chooser" }, select)
  all.pick = pick
  return all
}

function showSeeds(place, { claim, picked }, pick) {
  const focused = place.contains(place.getRootNode().activeElement) && place.getRootNode().activeElement.textContent
  const buttons = claim.seeds.map((seed) => {
    const here = picked.includes(seed)
    const button = el("button", { type: "button", "aria-pressed": `${here}`, "aria-label": `Seed ${seed}` }, `${seed}`)
    button.onclick = () => !here && pick([...picked.slice(1), seed])
    return button
  })
  place.replaceChildren(...buttons)
  buttons.find((button) => button.textContent === focused)?.focus()
}

const WORDS = { true: "reproduced", false: "not reproduced", null: "not run with these seeds" }
const TONES = { true: "good", false: "bad", null: "open" }

function showVerdict({ said, tally, shares }, { claim, picked, tally: drawn }) {
  const now = seems(claim, picked)
  const of = [...picked].sort((a, b) => a - b).join(", ")
  said.replaceChildren(`Seeds ${of} alone: `, el("b", { className: `verdict ${TONES[now]}` }, WORDS[now]))
  const marks = drawn.slice(-40).map((one) => el("i", { className: TONES[one], title: WORDS[one] }))
  const good = drawn.filter(Boolean).length
  const times = drawn.length > 1 ? "shuffles" : "shuffle"
  tally.replaceChildren(
    drawn.length
      ? `Your ${drawn.length} ${times}: ${good} × reproduced `
      : "Shuffle a few times: what would you have published?",
    ...marks,
  )
  const share = claim.seems ? [...claim.seems].filter((one) => one === "1").length / claim.seems.length : 0
  const bar = el(
    "div",
    { className: "bar", role: "img", "aria-label": "Shares of the verdicts" },
    el("i", { className: "good" }),
    el("i", { className: "bad" }),
  )
  bar.children[0].style.width = `${100 * share}%`
  bar.children[1].style.width = `${100 * (1 - share)}%`
  shares.replaceChildren(
    el(
      "p",
      {},
      `All ${claim.seems.length.toLocaleString("en")} sets of three: ${fixed(100 * share, 0)} % reproduced, ${fixed(100 * (1 - share), 0)} % not`,
    ),
    bar,
    el(
      "p",
      {},
      `All ${claim.seeds.length} seeds, by exact tests: `,
      el("b", { className: `verdict ${claim.tone}` }, claim.verdict),
    ),
  )
}

function showFigure(place, { runs }, { claim, picked }, width) {
  const columns = Math.max(1, Math.min(claim.panels.length, Math.floor(width / PANEL)))
  const rows = Math.ceil(claim.panels.length / columns)
  const each = Math.floor((width - 8 * (columns - 1)) / columns)
  const height = rows > 1 ? SHORT : TALL
  const panels = claim.panels.map((panel, at) => {
    const lines = panel.lines.map(({ network, colour, run }) => ({
      network,
      colour,
      dash: "",
      mean: null,
      seeds: picked.map((seed) => ({ seed, ...runs[run][seed] })).filter((seed) => seed.y),
    }))
    const y = { ...ACCURACY, hidden: at % columns > 0 }
    const { node } = curves({ lines, y, width: each, height, small: true, titles: false })
    const names = lines.map(({ network }) => network).join(", ")
    node.setAttribute("aria-label", `Test accuracy over 20 epochs, three runs of ${names}, ${panel.title}`)
    return el("figure", {}, el("figcaption", {}, panel.title), node)
  })
  place.style.setProperty("--columns", columns)
  place.replaceChildren(el("div", { className: "panels" }, ...panels), key(claim))
}

/** Which colour is which network, where a panel has several; and what a cross means. */
function key(claim) {
  const several = claim.panels.some((panel) => panel.lines.length > 1)
  const lines = new Map(claim.panels.flatMap((panel) => panel.lines.map((line) => [line.network, line.colour])))
  const entries = [...lines].map(([network, colour]) => {
    const swatch = el("i", {})
    swatch.style.background = colour
    return el("span", {}, swatch, network)
  })
  return el(
    "p",
    { className: "key" },
    ...(several ? entries : []),
    "Test accuracy by epoch. × marks where a run lost a digit for good; at epoch 20, one that never had all ten.",
  )
}
