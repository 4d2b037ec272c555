// The step of a lesson on the page: the outline of the part that it speaks of, whether its task is done, and the keys of
// a presenter's remote.

import { desk, watch } from "./desk.js"
import { el } from "./dom.js"

const EVERY = 400 // milliseconds between two looks at what nobody tells
const KEPT = 30 * 24 * 3600 // seconds for which the browser knows the step
const POINTING = ["pointerdown", "keydown"]
const FORWARD = new Set(["ArrowRight", "PageDown"])
const BACK = new Set(["ArrowLeft", "PageUp"])
const WRITES =
  "input, textarea, select, canvas, [contenteditable=true], [role=slider], [role=application], [role=grid], [role=tab], [role=radio], [role=option], [role=combobox], [role=listbox], [role=menu]"

/** Whether a key, pressed there, turns the pages of the lesson. path: from the element that has the focus outwards. */
export function turns(key, path) {
  const elements = path.filter((node) => node.matches)
  if (elements.some((node) => node.matches(WRITES))) return false
  const arrow = key.startsWith("Arrow")
  return !arrow || elements.some((node) => node.matches(".st-key-lesson-bar")) || !elements.some(busy)
}

const busy = (node) => node.matches("button, a, summary")

/** Each network's answer to what is looked at; what the demonstration writes does not count. */
const answers = () =>
  desk.networks
    .filter(({ reading }) => reading && !desk.writing)
    .map(({ reading }) => reading.indexOf(Math.max(...reading)))

/** The layers of the cells that are selected, in whichever view: a view keeps what is pinned as its element's state. */
function selected() {
  return [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
    .flatMap(({ shadowRoot }) => [...(shadowRoot?.querySelectorAll("div") ?? [])])
    .filter(({ state }) => state?.pinned)
    .map(
      ({ state: { net, pinned } }) =>
        (net ?? desk.networks[pinned.network]?.reader?.network)?.stages[pinned.stage].name,
    )
}

/** Whether what is read is somebody's work: on the page with the board a drawing, as it is now that the pen is lifted;
 *  on others, which turn and move a digit of which is known what it is, that digit. */
const theirs = (of, board) =>
  board
    ? desk.digit.drawn && !desk.writing && !desk.pen && desk.moment === null && desk.strokes.length > 0
    : (desk.digit.label ?? of) === of

/** How a page knows that a task is done: what the header of a step calls it, and `of`, which. */
export const DONE = {
  drawn: (of, { board }) => theirs(of, board) && desk.image !== null,
  reads: (of, { board }) => theirs(Number(of), board) && answers().includes(Number(of)),
  misreads: (of, { board, right }) =>
    right && theirs(Number(of), board) && answers().some((answer) => answer !== Number(of)),
  cell: (of, { pointed }) => pointed && selected().includes(of),
  see: (of) => document.querySelector(`[class*="st-key-${of}"]`) !== null,
  address: (of) => {
    const [name, value] = of.split("=")
    const found = new URLSearchParams(location.search).getAll(name)
    return value === undefined ? found.length > 0 : found.includes(value)
  },
  guess: (_, { guessed }) => guessed,
}

/** Why a task that is read off the answers is not done yet; empty while there is nothing to say. */
function why(what, of, { board, right }) {
  if (what !== "reads" && what !== "misreads") return ""
  const [answer] = answers()
  if (!theirs(Number(of), board)) return board ? "" : `This is no ${of}: choose one.`
  if (desk.digits.length > 1) return "Several digits are read: write one alone."
  if (answer === undefined || right) return answer === Number(of) ? `It still says ${of}.` : ""
  return answer === Number(of) ? "" : `It says ${answer}, not ${of}.`
}

export default function ({ data, root }) {
  const { highlight, task, what, of, at } = data
  // biome-ignore lint/suspicious/noDocumentCookie: the server reads it when the page connects; CookieStore needs HTTPS
  document.cookie = `lesson=${at}; path=/; SameSite=Lax; max-age=${KEPT}`
  const sheet = outline(highlight)
  const line = el("p", { className: "lesson-task", role: "status" })
  root.replaceChildren(line)
  const id = `${location.pathname} ${task}`
  let done = root.done === id // a task that was done stays done while its step is shown
  let right = root.right === id // whether it was read as what it is; what was read on the page before counts for nothing
  let pointed = false // a page selects a cell of its own when it opens: that is nobody's work
  const point = (event) => (pointed ||= event.composedPath().some((node) => node instanceof HTMLCanvasElement))
  const look = () => {
    if (desk.pen) return // a line that grew would move the board under it
    if (what === "misreads") {
      const cleared = data.board && !desk.strokes.length // what comes next is another digit
      right = (right && !cleared) || DONE.reads(of, data)
    }
    root.right = right && id
    done ||= Boolean(what && DONE[what](of, { ...data, pointed, right }))
    if (done) root.done = id
    const words = task && (done ? `✓ Done: ${task}` : `Your turn: ${task} ${why(what, of, { ...data, right })}`.trim())
    if (line.textContent !== words) line.textContent = words
    line.dataset.done = done
  }
  look()
  const ignore = watch(look)
  const timer = setInterval(look, EVERY)
  addEventListener("keydown", turn)
  for (const kind of POINTING) addEventListener(kind, point, true)
  return () => {
    for (const kind of POINTING) removeEventListener(kind, point, true)
    ignore()
    clearInterval(timer)
    removeEventListener("keydown", turn)
    sheet.remove()
  }
}

/** A line around a part of the page that moves nothing and covers nothing. */
function outline(key) {
  const sheet = el("style", { id: "lenet-lesson" })
  if (key)
    sheet.textContent = `.st-key-${key} { outline: 3px solid #a84300; outline-color: light-dark(#a84300, #ffa05c); outline-offset: 3px; border-radius: 4px; }`
  document.getElementById("lenet-lesson")?.remove()
  document.head.append(sheet)
  return sheet
}

function turn(event) {
  const { key } = event
  const forward = FORWARD.has(key)
  if ((!forward && !BACK.has(key)) || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
  if (event.defaultPrevented || event.repeat || !turns(key, event.composedPath())) return
  const button = document.querySelector(`.st-key-lesson-${forward ? "next" : "back"} button`)
  if (!button || button.disabled) return
  event.preventDefault()
  button.click()
}
