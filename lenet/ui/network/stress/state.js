// What the page Stress looks at: a digit, how it is changed, and what was found out about it. All views share it; the
// picture that comes of it lies on the desk, where the networks read it.

import { desk, look, watch as watchDesk } from "../desk.js"
import { decoded } from "../dom.js"
import { answerOf, Network } from "../engine.js"
import { changeOf, epsilonFor, fgsm, flipped, PLACES, work } from "./search.js"
import { centred, neutralAt, transform } from "./transform.js"

const KEPT_AFTER = 300 // milliseconds without a change before the address follows
const FIRST = "rotate" // the sweep that is shown at first

export const state = {
  ways: [],
  noise: null,
  digit: null, // { mark, image, label, source }
  amounts: {}, // by the id of the way
  curve: FIRST,
  again: false, // whether the picture is scaled and centred again
  fooling: false, // whether pixels are flipped, or the digit is moved
  base: null, // the digit as the sliders make it
  picture: null, // what the networks read
  lost: false, // whether there was no digit to centre
  averages: {}, // of each network, if measured: { digits, values }
  lacking: [], // why there are none
  sweeps: {}, // of each network: by way, { shares, answers }
}

// How one network is fooled: pixels flipped by hand, and what was searched for, all in the same picture.
export const fool = {
  network: null, // its name
  target: null, // the digit that it should read, or null for any other
  flips: new Set(), // cells
  greedy: null, // { flips, lead, done }
  slope: null, // { slopes, epsilon }
  share: null, // what is read if fgsm moves as much ink as the flips by hand
  from: undefined, // what is read in the picture as it is; null if nothing
  searching: false,
  shown: "hand", // whose picture is on the screen: hand, greedy, fgsm or same
}

const views = new Set()
let here = "" // the path of the page while it is on the screen
let frame = 0

/** Be told of changes: `view(what)`, what is "picture", "sweeps", "networks" or "fool". Returns a function that ends it. */
export function watch(view) {
  views.add(view)
  return () => views.delete(view)
}

function tell(what) {
  for (const view of views) view(what)
}

/** What the server says. */
export function configure({ ways, noise, digit, networks, averages, lacking, asked }) {
  here ||= location.pathname
  const other = digit.mark !== state.digit?.mark
  Object.assign(state, { ways, noise: decoded(noise), lacking })
  state.averages = Object.fromEntries(
    Object.entries(averages).map(([name, one]) => [name, one.values && { ...one, values: decoded(one.values) }]),
  )
  if (asked && asked.at !== step) take(new URLSearchParams(asked.query))
  else fromAddress()
  step = asked?.at
  if (other) state.digit = { ...digit, image: decoded(digit.image) }
  if (!networks.some(({ name }) => name === fool.network)) aim(networks[0].name, null)
  make(networks)
  keepAddress()
  tell("networks")
  askForSweeps()
}

/** The page is left: the desk is another's. */
export function leave() {
  here = ""
  cancelAnimationFrame(frame)
  frame = 0
}

export const wayOf = (id) => state.ways.find((way) => way.id === id)

/** Change the digit in these ways: amounts by id. The sweep of the last one is shown. */
export function change(amounts) {
  for (const [id, amount] of Object.entries(amounts)) {
    const { low, high } = wayOf(id)
    const fine = high - low < 20 ? 1000 : 10 // as many steps as a link need tell apart
    state.amounts[id] = Math.min(high, Math.max(low, Math.round(fine * amount) / fine))
    state.curve = id
  }
  follow()
}

/** All ways to where they change nothing, and no pixel flipped. */
export function reset() {
  fool.flips = new Set()
  fool.shown = "hand"
  state.amounts = Object.fromEntries(state.ways.map(({ id, neutral }) => [id, neutral]))
  follow()
}

export function setCurve(id) {
  state.curve = id
  follow()
}

export function setAgain(again) {
  state.again = again
  follow()
  askForSweeps()
}

export function setFooling(fooling) {
  state.fooling = fooling
  follow()
}

/** Read once in the next frame, however many changes come before it. */
function follow() {
  keepAddress()
  frame ||= requestAnimationFrame(() => {
    frame = 0
    make()
  })
}

/** Make the picture, and have it read. */
function make(networks = null) {
  const { digit, ways, amounts, noise, again } = state
  const changed = transform(digit.image, ways, amounts, noise)
  const found = again ? centred(changed) : null
  const base = found ?? changed
  if (!state.base || base.some((ink, cell) => ink !== state.base[cell])) forget()
  Object.assign(state, { base, lost: again && !found })
  state.picture = state.fooling ? pictureOf(fool.shown) : base
  look(state.picture, digit, networks)
  tell("picture")
}

// --- The address -----------------------------------------------------------------------------------------------------

let late = 0
let step = "" // of the lesson, whose wishes were heard

/** Take what the address asks for. One that asks for nothing, as from another page, leaves all as it is. */
function fromAddress() {
  const asked = new URLSearchParams(location.search)
  const names = [...state.ways.map(({ id }) => id), "curve", "again", "mode"]
  if (!Object.keys(state.amounts).length || names.some((name) => asked.has(name))) take(asked)
}

/** What a link or a step of the lesson asks for; all else at rest. */
function take(asked) {
  for (const { id, low, high, neutral } of state.ways) {
    const amount = asked.has(id) ? Number(asked.get(id) || Number.NaN) : neutral
    state.amounts[id] = amount >= low && amount <= high ? amount : neutral
  }
  const curve = asked.get("curve")?.toLowerCase() // its id, or in older links its label
  state.curve = state.ways.find(({ id, label }) => id === curve || label.toLowerCase() === curve)?.id ?? FIRST
  state.again = /^(true|1)$/i.test(asked.get("again") ?? "")
  state.fooling = asked.get("mode") === "fool"
}

function keepAddress() {
  clearTimeout(late)
  late = setTimeout(writeAddress, KEPT_AFTER)
}

/** No page is loaded, and no step of Back added. */
function writeAddress() {
  if (here !== location.pathname) return // on the way to another page
  const address = new URL(location.href)
  const put = (name, value) => (value ? address.searchParams.set(name, value) : address.searchParams.delete(name))
  for (const { id, neutral } of state.ways) put(id, state.amounts[id] === neutral ? "" : `${state.amounts[id]}`)
  put("curve", state.curve === FIRST ? "" : state.curve)
  put("again", state.again ? "true" : "")
  put("mode", state.fooling ? "fool" : "")
  if (address.href !== location.href) history.replaceState(history.state, "", address)
}

// --- Sweeps and searches, in a worker --------------------------------------------------------------------------------

let worker = null
let last = 0
const opened = new Set()
const jobs = new Map()

/** Have a network search: `then(found)` for whatever is found. Returns a function that ends it. */
export function search(network, kind, image, options, then) {
  const id = (last += 1)
  const job = { kind, image, options }
  const { about, reader } = network
  const key = `${about.name} ${about.mark}`
  const tensors = tensorsIn(reader.network)
  const alone = async () => {
    await work(new Network(about, tensors), job, then, () => jobs.has(id))
    jobs.delete(id)
  }
  jobs.set(id, { then, alone })
  const workers = employ()
  if (workers) {
    if (!opened.has(key)) workers.postMessage({ open: { key, about, tensors } })
    opened.add(key)
    workers.postMessage({ id, key, job })
  } else alone()
  return () => {
    jobs.delete(id)
    worker?.postMessage({ end: id })
  }
}

/** The worker, or null in a browser without such workers: there the page searches itself, a little more slowly. */
function employ() {
  if (worker !== null) return worker || null
  worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" })
  worker.onmessage = ({ data: { id, found, ended } }) => (ended ? jobs.delete(id) : jobs.get(id)?.then(found))
  worker.onerror = () => {
    worker = false
    for (const { alone } of jobs.values()) alone()
  }
  return worker
}

const tensorsIn = ({ stages }) =>
  Object.fromEntries(
    stages.flatMap(({ name, weights }) => Object.entries(weights).map(([key, values]) => [`${name}.${key}`, values])),
  )

const asked = new Map() // by the name of the network: { key, end }

/** The six sweeps of each network that has none of this digit yet. */
function askForSweeps() {
  const names = new Set(desk.networks.map(({ about }) => about.name))
  for (const [name, { end }] of asked)
    if (!names.has(name)) {
      end()
      asked.delete(name)
      delete state.sweeps[name]
    }
  for (const network of desk.networks) {
    const { name, mark } = network.about
    const key = `${state.digit.mark} ${mark} ${state.again}`
    if (!network.reader || asked.get(name)?.key === key) continue
    asked.get(name)?.end()
    state.sweeps[name] = {}
    const { ways, noise, again, curve, digit } = state
    const end = search(network, "sweeps", digit.image, { ways, noise, again, first: curve }, ({ way, shares }) => {
      state.sweeps[name][way] = { shares, answers: answersIn(shares) }
      tell("sweeps")
    })
    asked.set(name, { key, end })
    tell("sweeps")
  }
}

/** What is read at each of 41 amounts. */
export const answersIn = (shares) =>
  Array.from({ length: PLACES }, (_, place) => answerOf([...shares.subarray(10 * place, 10 * place + 10)]))

/** The digit that counts for a network: what it is, or what it reads in the unchanged one; undefined while unknown. */
export function targetOf(name) {
  if (state.digit.label !== null) return state.digit.label
  const [id, sweep] = Object.entries(state.sweeps[name] ?? {})[0] ?? []
  return sweep?.answers[neutralAt(wayOf(id), PLACES)]
}

// --- Fool it ---------------------------------------------------------------------------------------------------------

let ends = [] // of the searches under way

/** Which network is to read what: null is any other digit. */
export function aim(network, target) {
  Object.assign(fool, { network, target })
  forgetSearches()
  if (state.digit) follow()
}

/** The picture is another one: neither flips nor findings hold. */
function forget() {
  fool.flips = new Set()
  forgetSearches()
}

function forgetSearches() {
  for (const end of ends) end()
  ends = []
  Object.assign(fool, { greedy: null, slope: null, share: null, shown: "hand", searching: false, from: undefined })
}

/** Flip a pixel by hand, or flip it back. */
export function flip(cell) {
  if (!fool.flips.delete(cell)) fool.flips.add(cell)
  fool.shown = "hand"
  follow()
  compare()
}

export function clearFlips() {
  fool.flips = new Set()
  fool.shown = "hand"
  follow()
  compare()
}

export function showChange(shown) {
  fool.shown = shown
  follow()
}

/** The picture changed in that way. */
export function pictureOf(shown) {
  const { base } = state
  if (shown === "fgsm") return fgsm(base, fool.slope.slopes, fool.slope.epsilon ?? 1)
  if (shown === "same") return fgsm(base, fool.slope.slopes, sameEpsilon())
  const flips = new Set(shown === "greedy" ? fool.greedy.flips : fool.flips)
  return base.map((ink, cell) => (flips.has(cell) ? flipped(ink) : ink))
}

/** The epsilon with which fgsm moves as much ink as the flips by hand do. */
export const sameEpsilon = () =>
  epsilonFor(state.base, fool.slope.slopes, changeOf(state.base, pictureOf("hand")).total)

export const fooledNetwork = () => desk.networks.find(({ about }) => about.name === fool.network)

/** Search for few flips, and for the least step along the slope. */
export function searchBoth() {
  forgetSearches()
  const network = fooledNetwork()
  const { base } = state
  const start = search(network, "once", base, {}, ({ shares }) => {
    const from = answerOf([...shares])
    Object.assign(fool, { from, searching: from !== null && from !== fool.target })
    tell("fool")
    if (!fool.searching) return
    const options = { from, target: fool.target }
    fool.shown = "greedy"
    fool.greedy = { flips: [], lead: -1, done: false }
    ends.push(
      search(network, "slope", base, options, (found) => {
        fool.slope = found
        compare()
        tell("fool")
      }),
      search(network, "greedy", base, options, (found) => {
        fool.greedy = found
        fool.searching = !found.done
        follow()
        tell("fool")
      }),
    )
  })
  ends.push(start)
  tell("fool")
}

/** What is read if fgsm moves as much ink as the flips by hand. */
function compare() {
  fool.share = null
  if (fool.slope && fool.flips.size)
    ends.push(
      search(fooledNetwork(), "once", pictureOf("same"), {}, ({ shares }) => {
        fool.share = [...shares]
        tell("fool")
      }),
    )
  tell("fool")
}

watchDesk((what) => {
  if (!here) return
  if (what === "networks") tell("networks")
  else askForSweeps()
})
