// The desk: the digit that is looked at, the networks that read it, and what they make of it, shared by all views of a
// page. It follows the pen on the board; every view hears of a change in the frame in which it happens.

import { ADDRESS, decoded, decodedBytes } from "./dom.js"
import { encode, grid, PEN, read, Sheet, SIDE, SIZE } from "./ink.js"
import { open } from "./reader.js"
import { split } from "./splitting.js"
import { atOnce, COMPONENT, LINK, surface } from "./streamlit.js"

const MOMENTS = 120 // of a drawing that the strip over pen time keeps
const ERASER = 36
const LIVE_STEPS = 3 // milliseconds a frame that reading the steps before the last may take
const PACE = 16 // milliseconds between two points of a pen, for strokes that came with a link
const STRIDE = 8 // pixels of the board that a pen goes between two points
const SLICE = 6 // milliseconds at a time that are spent on reading what came with a link
const REST = 5000 // milliseconds without a stroke after which the server is told in any case
const LOCAL = `.st-key-board-buttons, ${COMPONENT}` // where nothing is asked of the server
const LEAVE = 2000 // milliseconds that a link waits at most for the server to have the drawing

const sheet = new Sheet()
const views = new Set()

export const desk = {
  networks: [], // { about, colour, reader, problem }, in the order of the picker
  strokes: [],
  image: null, // the 784 numbers that the networks read
  steps: [], // the pictures on the way there: { id, image }
  digits: [], // of a drawing with several, from left to right: { image, steps }
  cuts: [], // between them: [[x, y], …] in pixels of the board
  chosen: null, // which of them is looked at, or null for the last
  whole: false, // whether the drawing is to be read as one digit
  several: 0, // digits that it would be cut into
  many: false, // whether there are too many to read
  digit: { drawn: true, mark: "", label: null, source: "" },
  ink: null, // what lies on the board, as a grid of its size
  given: null, // the ink of a picture, as large as the board, which may be several digits
  reason: "blank", // why there is no image
  pen: false, // whether it is on the board
  history: [], // moments: { strokes, points, at (milliseconds of pen), probabilities of each network }
  moment: null, // the one that is looked at, or null for now
  writing: 0, // the share of the demonstration digit that is written, 0 to 1
  eraser: false, // whether the pen takes ink away
  cursor: null, // where the keyboard's pen is, while the board has the focus
}

let judge = null // the reader that tells where digits that touch are to be cut
let turn = null
let sent = 0 // the number of the last message about strokes
let heard = 0 // the number of the last one that the server has taken in
let unsent = false // whether there are strokes that the server was not sent
let eager = false // whether the server is to hear of each stroke: the page shows what it makes of the drawing
let resting = 0
let leaving = null // a link that waits for the server
let sender = null
let frame = 0
let began = 0
let penTime = 0

/** Be told of changes: `view(what)`, what is "networks", "read" or "pen". Returns a function that ends it. */
export function watch(view) {
  views.add(view)
  return () => views.delete(view)
}

function tell(what) {
  for (const view of views) view(what)
}

/** What the server says: { networks, digit, board }. While the pen is ahead of it, the pen is right. */
export function configure({ networks, digit, judge: about, board }) {
  const { strokes, stroke, turn: theirs, eraser } = board
  desk.eraser = eraser
  eager = board.eager
  heard = stroke
  if (heard >= sent) leave()
  if (about) employ(about)
  setNetworks(networks)
  const anew = theirs !== turn
  turn = theirs
  if (!anew && (desk.pen || unsent || heard < sent)) return // the server has still to follow
  sent = heard
  unsent = false
  const pen = desk.pen ? desk.strokes.slice(-1) : [] // the stroke that is being drawn
  if (anew || digit.mark !== desk.digit.mark) adopt(digit, [...strokes, ...pen], anew)
  keep()
}

/** Have this network tell where digits that touch are to be cut, however the others read. Without it only digits that lie
 *  apart are told from one another. */
function employ(about) {
  if (judge || about.problem) return
  open(about).then(
    (reader) => {
      judge = reader
      if ((desk.digit.drawn || desk.given) && !desk.pen) fromInk()
    },
    () => {},
  )
}

/** Have these networks read a picture that lies on no board, for a page without one. digit: { label, source }. */
export function look(image, digit, abouts = null) {
  desk.digit = { ...digit, drawn: false, mark: "" } // no digit of another page has this mark
  desk.image = image
  desk.steps = []
  desk.given = null
  onlyOne()
  desk.reason = ""
  if (abouts) setNetworks(abouts)
  readAll()
}

/** Have strokes sent to the server, whenever it needs them: `send({ strokes, turn, stroke })`, or null to send none. */
export function sendTo(send) {
  sender = send
}

/** The drawing in the address, so that a reload or a link brings it back. No page is loaded, and no step of Back added. */
function keep() {
  const text = desk.digit.drawn && desk.strokes.length && !desk.writing ? encode(desk.strokes) : ""
  const address = new URL(location.href)
  if ((address.searchParams.get("drawing") ?? "") === text) return
  if (text) address.searchParams.set("drawing", text)
  else address.searchParams.delete("drawing")
  history.replaceState(history.state, "", address)
}

function setNetworks(abouts) {
  const same =
    abouts.length === desk.networks.length &&
    abouts.every(({ name, mark }, at) => name === desk.networks[at].about.name && mark === desk.networks[at].about.mark)
  if (same) return
  const before = forDigits()
  desk.networks = abouts.map((about) => ({
    about,
    colour: about.colour,
    reader: null,
    problem: about.problem ?? "",
    reading: null, // ten probabilities, of the digit that is looked at
    readings: [], // of every digit of the drawing
    familiar: null, // where a view wants it: how its probabilities are to be corrected
  }))
  tell("networks")
  const fromPen = desk.digit.drawn && desk.strokes.length
  if (before !== forDigits() && (fromPen || desk.given)) fromInk()
  for (const network of desk.networks.filter(({ problem }) => !problem)) {
    open(network.about).then(
      (reader) => {
        network.reader = reader
        readAll()
        if (desk.history.length < 2) retrace()
      },
      (error) => {
        network.problem = `The weights of ${network.about.name} did not arrive (${error.message}): reload the page.`
        tell("networks")
      },
    )
  }
}

function adopt(digit, strokes, anew) {
  desk.given = digit.sheet
    ? grid(
        SIDE,
        SIDE,
        Float32Array.from(decodedBytes(digit.sheet), (byte) => byte / 255),
      )
    : null
  if (!digit.drawn) Object.assign(desk, { whole: false, chosen: null })
  desk.digit = digit
  desk.moment = null
  const known = desk.strokes.length === strokes.length
  if (strokes.length || !digit.drawn) desk.writing = 0
  if (!desk.writing) desk.strokes = strokes
  if (digit.drawn) {
    if (anew || !known) desk.history = []
    if (!strokes.length) penTime = 0
    fromInk()
    if (strokes.length && !desk.history.length) retrace()
  } else fromInk()
}

/** Make the image of a picture, or of the strokes up to the moment that is looked at, or one for each digit of them, and
 *  have it read. */
function fromInk() {
  const { drawn } = desk.digit
  const ink = drawn ? sheet.show(visible()) : desk.given
  desk.ink = ink
  const found =
    ink && (!drawn || desk.strokes.length) && forDigits() ? split(ink, judging()) : { parts: [], cuts: [], many: false }
  const digits = found.parts.length > 1 ? found.parts.map((part) => read(part)) : []
  const apart = digits.length > 1 && digits.every(({ reason }) => !reason)
  desk.several = apart ? digits.length : 0
  desk.many = found.many
  if (apart && !desk.whole) {
    desk.digits = digits.map(piecesOf)
    desk.cuts = found.cuts
    desk.reason = ""
    lookAtChosen()
    return
  }
  onlyOne()
  if (!drawn) {
    const { image, steps } = desk.digit
    desk.reason = ""
    desk.image = decoded(image)
    desk.steps = steps.map((step) => ({ id: step.id, image: decoded(step.image) }))
    readAll()
    return
  }
  const one = read(ink)
  desk.reason = one.reason ?? ""
  Object.assign(desk, one.reason ? { image: null, steps: [] } : piecesOf(one))
  readAll()
}

const piecesOf = (found) => ({
  image: found.centred,
  steps: ["raw", "cropped", "scaled"].map((id) => ({ id, image: found[id] })),
})

/** Whether a network reads digits; other classes are not written side by side. */
export const isDigits = ({ classes }) => !classes || classes.join("") === "0123456789"

const forDigits = () => desk.networks.some(({ about }) => isDigits(about))

/** Cuts through ink take more than a frame: they are sought when the pen is lifted, and not in
 *  its past. */
function judging() {
  const network = !desk.pen && !desk.writing && desk.moment === null ? judgeNetwork() : null
  return network && ((image) => network.run(image))
}

/** The network that tells where to cut, or null if it is not here, or too slow. */
export const judgeNetwork = () => (judge && !judge.worker ? judge.network : null)

function onlyOne() {
  desk.digits = []
  desk.cuts = []
}

/** Which of several digits is looked at. */
export const chosenDigit = () => Math.min(desk.chosen ?? Infinity, desk.digits.length - 1)

/** Look at one of several digits, from 0 on. */
export function choose(at) {
  desk.chosen = at
  if (desk.digits.length) lookAtChosen()
}

function lookAtChosen() {
  desk.digits = [...desk.digits] // readings that are under way for what was chosen before come to nothing
  Object.assign(desk, desk.digits[chosenDigit()])
  readAll()
}

/** Read the drawing as one digit, or cut it again. */
export function keepWhole(whole) {
  desk.whole = whole
  desk.chosen = null
  fromInk()
}

/** The strokes that are seen now. */
export function visible() {
  if (desk.moment === null) return desk.strokes
  const { strokes, points } = desk.history[desk.moment]
  return desk.strokes
    .slice(0, strokes)
    .map((stroke, at) => (at === strokes - 1 ? { ...stroke, points: stroke.points.slice(0, points) } : stroke))
}

/** What a network reads: the digit, or for one that learnt from pictures which were not centred, the drawing as large
 *  as the picture. */
function imageFor({ about }, { image, steps } = desk) {
  const whole = about.centred === false && steps.find(({ id }) => id === "cropped")
  return whole ? whole.image : image
}

/** Have every network read what is on the desk. */
export function readAll() {
  const waiting = desk.networks.filter(({ reader }) => reader)
  if (!desk.image || !waiting.length) {
    for (const network of desk.networks) {
      network.reading = null
      network.readings = []
      network.reader?.network.clear()
    }
    tell("read")
    return
  }
  let left = waiting.length
  for (const network of waiting)
    readDigits(network, () => {
      if (--left <= 0 && desk.pen) remember()
      if (!network.reader.worker) return
      tell("read")
    })
  tell("read")
}

/** The ten shares that the pass of a moment earns. */
const sharesOf = ({ reader, familiar }) =>
  familiar ? familiar.judge(reader.network).shares : [...reader.network.probabilities]

/** Have a network read every digit, and the chosen one last: its stages are what is shown. */
function readDigits(network, then) {
  const { digits } = desk
  const chosen = digits.length ? chosenDigit() : 0
  const due = [...digits.keys()].filter((at) => at !== chosen).concat(chosen)
  const readings = []
  const next = () => {
    const at = due.shift()
    network.reader.read(imageFor(network, digits[at]), () => {
      readings[at] = sharesOf(network)
      if (digits.length && digits !== desk.digits) return // another drawing is being read
      if (due.length) {
        next()
        return
      }
      network.readings = readings
      network.reading = readings[chosen]
      then()
    })
  }
  next()
}

/** What each network would have read on the way: for each step [ten probabilities], where that is cheap enough now. */
export function readSteps(network) {
  const { reader } = network
  if (!reader || reader.worker || !desk.image) return []
  const start = performance.now()
  const found = []
  for (const { image } of desk.steps) {
    reader.network.run(image)
    found.push(sharesOf(network))
    if (desk.pen && performance.now() - start > LIVE_STEPS) break
  }
  reader.network.run(imageFor(network))
  return found
}

function remember() {
  if (!desk.strokes.length) return
  const at = penTime + (desk.pen ? performance.now() - began : 0)
  desk.history.push({
    strokes: desk.strokes.length,
    points: desk.strokes.at(-1).points.length,
    at,
    readings: desk.networks.map(({ reading }) => reading),
  })
  if (desk.history.length > MOMENTS)
    desk.history = desk.history.filter((_, index) => index % 2 === 1 || index === desk.history.length - 1)
}

/** The same path with a point every few pixels: a link keeps only the points that the shape needs. */
function dense(stroke) {
  const from = stroke.points
  const points = from.slice(0, 2)
  for (let at = 2; at < from.length; at += 2) {
    const [dx, dy] = [from[at] - from[at - 2], from[at + 1] - from[at - 1]]
    const pieces = Math.max(1, Math.ceil(Math.hypot(dx, dy) / STRIDE))
    for (let piece = 1; piece < pieces; piece++)
      points.push(from[at - 2] + (dx * piece) / pieces, from[at - 1] + (dy * piece) / pieces)
    points.push(from[at], from[at + 1])
  }
  return { ...stroke, points }
}

/** The moments of strokes that came with a link or a reload, as if a pen had gone along them at a steady pace. Read in
 *  the time between frames, and only by networks that read at once. */
function retrace() {
  if (!desk.strokes.length || desk.writing || desk.networks.some(({ reader, problem }) => !reader && !problem)) return
  desk.strokes = desk.strokes.map(dense)
  const drawn = desk.strokes
  const numbers = drawn.reduce((sum, { points }) => sum + points.length, 0)
  const every = 2 * Math.ceil(numbers / MOMENTS || 1) // numbers between two moments: pairs of x and y
  const due = drawn.flatMap(({ points }, at) =>
    Array.from({ length: Math.ceil(points.length / every) || 1 }, (_, turn) => ({
      strokes: at + 1,
      points: Math.min(points.length, every * (turn + 1)),
    })),
  )
  const past = new Sheet()
  const moments = []
  const readers = desk.networks.map(({ reader }) => (reader && !reader.worker ? reader : null))
  let before = 0 // numbers of the strokes that are whole
  const take = ({ strokes, points }) => {
    const seen = [
      ...drawn.slice(0, strokes - 1),
      { ...drawn[strokes - 1], points: drawn[strokes - 1].points.slice(0, points) },
    ]
    const { reason, centred } = read(past.show(seen), true)
    const readings = readers.map((reader) => (reader && !reason ? [...reader.network.run(centred)] : null))
    moments.push({ strokes, points, at: ((before + points) / 2) * PACE, readings })
    if (points === drawn[strokes - 1].points.length) before += points
  }
  const slice = () => {
    if (desk.strokes !== drawn || desk.pen) return
    for (const end = performance.now() + SLICE; due.length && performance.now() < end; ) take(due.shift())
    for (const reader of readers) if (reader && desk.image) reader.network.run(desk.image)
    if (due.length) setTimeout(slice)
    else {
      desk.history = moments
      penTime = moments.at(-1).at
      tell("pen")
    }
  }
  slice()
}

/** Look at an earlier moment of the drawing; null is now. */
export function travel(moment) {
  if (moment === desk.moment || !desk.digit.drawn) return
  desk.moment = moment
  fromInk()
  tell("pen")
}

/** Show strokes that nobody drew, as the demonstration does; null ends it. */
export function demonstrate(strokes) {
  if (strokes === null) {
    desk.writing = 0
    desk.strokes = []
  } else {
    desk.writing = 1
    desk.strokes = strokes
  }
  fromInk()
  tell("pen")
}

// --- The pen ---------------------------------------------------------------------------------------------------------

const inside = (event) => event.composedPath()[0] === surface()

function point(event) {
  const box = surface().getBoundingClientRect()
  const round = (value) => Math.round(100 * value) / 100
  return [
    round(((event.clientX - box.left) * SIDE) / box.width),
    round(((event.clientY - box.top) * SIDE) / box.height),
  ]
}

let pointer = null // the one that draws
let kind = "" // mouse, touch or pen

function down(event) {
  const erase = event.button === 2 || desk.eraser
  if (!event.isPrimary || (event.button !== 0 && event.button !== 2) || !inside(event)) return
  if (desk.pen && kind === "pen" && event.pointerType === "touch") return // the hand that holds it
  if (desk.pen && kind === "touch" && event.pointerType === "pen") {
    desk.strokes = desk.strokes.slice(0, -1) // the hand came first
    desk.history = desk.history.filter(({ strokes }) => strokes <= desk.strokes.length)
  }
  pointer = event.pointerId
  kind = event.pointerType
  press(point(event), erase)
}

function move(event) {
  if (event.pointerId === pointer && desk.pen) drawTo(point(event))
}

function up(event) {
  if (event.pointerId !== pointer) return
  pointer = null
  lift()
}

/** What is looked at from now on is the drawing, as it is now. */
function returnToBoard() {
  if (desk.writing) demonstrate(null)
  desk.moment = null
  desk.chosen = null
  if (!desk.digit.drawn) desk.digit = { ...desk.digit, drawn: true, label: null, source: "your drawing" }
}

/** Put the pen on the board. */
export function press([x, y], erase = false) {
  returnToBoard()
  desk.pen = true
  began = performance.now()
  desk.strokes = [...desk.strokes, { points: [x, y], width: erase ? ERASER : PEN, erase }]
  follow()
}

/** Move the pen that is on the board. */
export function drawTo([x, y]) {
  desk.strokes.at(-1).points.push(x, y)
  follow()
}

/** Lift the pen. */
export function lift() {
  cancelAnimationFrame(frame)
  frame = 0
  penTime += performance.now() - began
  desk.pen = false
  fromInk()
  remember()
  tell("pen")
  due()
  keep()
}

// --- What the server hears of it -------------------------------------------------------------------------------------
// The browser reads the drawing and keeps it in the address, so the server can do without until it is asked for something
// else. Then the strokes go first.

/** There are strokes that the server does not have. */
function due() {
  unsent = true
  clearTimeout(resting)
  resting = setTimeout(sendStrokes, REST)
  if (eager) sendStrokes()
}

/** Send the server what it does not have. */
export function sendStrokes() {
  if (!unsent || desk.pen || !sender) return // lifting the pen comes here again
  unsent = false
  sent += 1
  atOnce(() => sender({ strokes: desk.strokes, turn, stroke: sent })) // the press that asks for them comes next
}

const sendFirst = (event) => !event.composedPath().some((node) => node.matches?.(LOCAL)) && sendStrokes()

/** A mouse that leaves the page may be on its way to the browser's own Back. */
const sendOnLeaving = (event) => event.pointerType === "mouse" && sendStrokes()

/** The drawing would be lost on the way to another page if the server were busy: the link waits until it is there. */
function hold(event) {
  const link = event.target.closest?.(LINK)
  sendFirst(event)
  if (!link || heard >= sent || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  event.stopImmediatePropagation()
  leaving = link
  setTimeout(() => leaving === link && leave(), LEAVE)
}

function leave() {
  const link = leaving
  if (!link) return
  leaving = null
  heard = sent // or it has waited long enough
  link.click()
}

/** Undo and Clear are buttons of the page, but the drawing is here: the server hears of it as of a stroke. */
function takeBack(event) {
  const on = (key) => event.composedPath().some((node) => node.classList?.contains(key))
  const all = on("st-key-clear")
  if ((!all && !on("st-key-undo")) || !surface()) return // a canvas that we cannot follow tells the server itself
  event.stopImmediatePropagation()
  returnToBoard()
  desk.strokes = all ? [] : desk.strokes.slice(0, -1)
  if (!desk.strokes.length) desk.whole = false
  desk.history = []
  penTime = 0
  fromInk()
  tell("pen")
  due()
  keep()
}

/** Read once in the next frame, however many moves come before it. */
function follow() {
  frame ||= requestAnimationFrame(() => {
    frame = 0
    fromInk()
    tell("pen")
  })
}
addEventListener("pointerdown", down, true)
addEventListener("pointermove", move, true)
addEventListener("pointerup", up, true)
addEventListener("pointercancel", up, true)
addEventListener("pointerdown", sendFirst, true)
addEventListener("keydown", sendFirst, true)
addEventListener("popstate", sendStrokes, true)
addEventListener(ADDRESS, () => sender && keep()) // the server does not know of the drawing in it
document.documentElement.addEventListener("pointerleave", sendOnLeaving)
addEventListener("click", takeBack, true)
addEventListener("click", hold, true)
addEventListener("contextmenu", (event) => inside(event) && event.preventDefault(), true) // it erases

export { SIDE, SIZE }
