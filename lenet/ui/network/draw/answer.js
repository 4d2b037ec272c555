// The answers: for each network a large digit, a verdict and ten bars; what the networks see; how it became that.

import {
  choose,
  chosenDigit,
  configure,
  desk,
  isDigits,
  keepWhole,
  readSteps,
  SIZE,
  sendStrokes,
  sendTo,
  watch,
} from "../desk.js"
import { el, paintCells } from "../dom.js"
import { answerOf } from "../engine.js"
import { percent } from "../formatting.js"
import { MOST } from "../splitting.js"
import { usualOf, verdictOf } from "../verdict.js"
import { mountBoard } from "./board.js"
import { mountFamiliar } from "./familiar.js"

const SPOKEN_AFTER = 600 // milliseconds without a change before a screen reader is told
const STEPS = {
  raw: ["whole", "everything you drew or uploaded, shrunk to 28 × 28"],
  cropped: ["cropped", "only the part with ink, its longer side 28 cells"],
  scaled: ["scaled", "its longer side 20 cells, in the middle"],
  centred: ["centred", "its centre of mass in the middle: this is what the network sees"],
}
const NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight"]
const ORDER = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"]
const REASONS = { dot: "That is only a dot: draw a digit with one or more strokes." }

const GONE_AFTER = 300 // milliseconds without this view before the board hides again, on the way to another page
let going = 0

/** Let the board be seen, as long as its pen is followed. */
function showBoard(shown) {
  clearTimeout(going)
  const { classList } = document.documentElement
  if (shown) classList.add("lenet-ready")
  else going = setTimeout(() => classList.remove("lenet-ready"), GONE_AFTER)
}

export default function ({ data, root, setStateValue, setTriggerValue }) {
  root.stop?.()
  root.answers ??= mount(root) // what stands there stays: it may have the focus, or be under somebody's finger
  const unwatch = root.answers.follow(data, setTriggerValue)
  sendTo((drawing) => setStateValue("drawing", drawing))
  configure(data)
  root.answers.update()
  const unmount = mountBoard(() => setStateValue("blind", true))
  showBoard(true)
  root.stop = () => {
    showBoard(false)
    sendTo(null)
    unwatch()
    unmount()
  }
  return root.stop
}

/** The elements of the view. follow(data, trigger): keep them up to date, until the function that it returns is called. */
function mount(root) {
  root.classList.add("answer")
  const spoken = el("div", { className: "spoken", "aria-live": "polite" })
  let cards = []
  let built = null // the networks of the cards
  let telling = 0
  let late = 0
  let data = {}
  const message = el("p", { className: "message", role: "status" })
  const cardsPlace = el("div", { className: "cards" })
  const pictures = picturesOf()
  let remark = ""
  const familiar = mountFamiliar((text, strange) => {
    remark = text
    say(message, data, remark)
    const now = answersNow()
    cards.forEach((card, at) => {
      showVerdict(card, at, strange[at], now)
    })
  })
  pictures.element.append(familiar.element)
  pictures.beside.append(familiar.button)
  root.replaceChildren(cardsPlace, pictures.element, message, spoken)

  const build = () => {
    built = desk.networks
    cards = built.map(cardOf)
    cardsPlace.className = `cards of-${cards.length}`
    cardsPlace.replaceChildren(...cards.map(({ element }) => element))
  }
  const update = () => {
    if (built !== desk.networks) build()
    const { answers, disagrees } = answersNow()
    cards.forEach((card, at) => {
      showReading(card, desk.networks[at], answers, disagrees, at)
    })
    pictures.show()
    clearTimeout(late)
    if (desk.pen) late = setTimeout(pictures.show, 100) // the steps that had no time while the pen moved
    familiar.show()
    const strings = desk.networks.map(({ about, readings }, at) => stringOf(about, readings, answers[at]))
    root.dataset.answers = strings.join()
    clearTimeout(telling)
    telling = setTimeout(() => {
      spoken.textContent = desk.networks
        .map(({ about }, at) => `${about.name}: ${strings[at] || "undecided"}`)
        .join(", ")
      if (desk.digits.length) spoken.textContent += `. ${desk.digits.length} digits, each read by itself.`
    }, SPOKEN_AFTER)
  }
  const follow = (sent, trigger) => {
    data = sent
    message.onclick = (event) => {
      const what = event.target.closest("button")?.dataset.what
      if (what === "example") {
        sendStrokes() // that the board is empty
        trigger("example", true)
      }
      if (what === "one" || what === "cut") keepWhole(what === "one")
    }
    const unwatch = watch((what) => what !== "pen" && update())
    const ignore = familiar.follow()
    return () => {
      unwatch()
      ignore()
      clearTimeout(telling)
      clearTimeout(late)
    }
  }
  return { follow, update }
}

/** What there is to say above the answers: what went wrong, what to do, or nothing. */
function say(message, data, remark) {
  const problem = [data.problem, ...desk.networks.map(({ problem }) => problem)].filter(Boolean).join(" ")
  const blank = desk.writing || (!desk.image && !desk.strokes.length)
  const count = NUMBERS[desk.several] ?? `${desk.several}`
  const line = desk.several === 2 ? "at the dashed line" : "at the dashed lines"
  const cut = desk.several > 0 && !blank
  const [what, label] = blank
    ? ["example", "Try a test digit"]
    : !cut
      ? []
      : desk.whole
        ? ["cut", `Cut it into ${count}`]
        : ["one", "Read as one digit"]
  const split = !cut ? "" : desk.whole ? "Read as one digit." : `Read as ${count} digits, cut ${line}.`
  const told = split && (remark || split)
  const many =
    desk.many && `That's more than ${NUMBERS[MOST]} digits, so they are read as one. Erase some, or crop the picture.`
  const text = problem || REASONS[desk.reason] || many || told || data.note || (blank ? data.hint : remark)
  const button = text && !problem && what ? label : ""
  if (message.dataset.text === text && message.dataset.button === button) return
  Object.assign(message.dataset, { text, button })
  message.classList.toggle("wrong", Boolean(problem))
  message.setAttribute("role", problem ? "alert" : "status")
  // A button that stays is not built anew: it may be under somebody's finger, or have the focus.
  const kept = message.querySelector("button")
  if (!button) message.replaceChildren(text)
  else if (kept?.dataset.what === what) {
    while (kept.previousSibling) kept.previousSibling.remove()
    kept.before(`${text} `)
    kept.textContent = label
  } else message.replaceChildren(`${text} `, el("button", { type: "button", "data-what": what }, label))
}

/** What the network reads, digit by digit; "" if it reads nothing. */
const stringOf = (about, readings, answer) =>
  readings.length > 1 ? readings.map((one) => nameIn(about, answerOf(one) ?? "?")).join("") : `${answer ?? ""}`

/** What an answer stands for: a digit, or a class of other pictures. */
const nameIn = ({ classes }, answer) => (classes ? (classes[answer] ?? "–") : `${answer}`)

function cardOf({ about, colour }) {
  const rows = Array.from({ length: 10 }, (_, digit) => {
    const bar = el("span", { className: "bar", style: `--colour:${colour}` })
    const share = el("span", { className: "share" })
    const others = el("span", { className: "others" })
    const track = el("span", { className: "track" }, bar)
    return { bar, share, others, row: el("li", {}, el("b", {}, nameIn(about, digit)), track, share, others) }
  })
  const big = el("div", { className: "big", translate: false })
  const verdict = el("div", { className: "verdict" })
  const bars = el("ol", { className: "bars" }, ...rows.map(({ row }) => row))
  big.onclick = (event) => {
    const at = event.target.closest("button")?.dataset.at
    if (at !== undefined) choose(Number(at))
  }
  const heading = el("h2", {}, el("span", { className: "chip", style: `--colour:${colour}` }), about.name)
  const element = el("section", { className: "card" }, heading, el("div", { className: "said" }, big, verdict), bars)
  bars.translate = false
  return { element, rows, big, verdict, heading, bars }
}

/** One large digit, or a button for each of several, which shows that one in the bars and in the network. */
function showBig(big, { about, readings }, text) {
  const count = readings.length > 1 ? readings.length : 0
  big.style.setProperty("--count", count || 1)
  if (!count) {
    big.textContent = text
    return
  }
  if (big.childElementCount !== count)
    big.replaceChildren(...readings.map((_, at) => el("button", { type: "button", "data-at": at })))
  readings.forEach((reading, at) => {
    const button = big.children[at]
    const answer = answerOf(reading)
    button.textContent = answer === null ? "?" : nameIn(about, answer)
    button.setAttribute("aria-pressed", at === chosenDigit())
    button.setAttribute(
      "aria-label",
      `The ${ORDER[at]} digit: ${button.textContent}, ${percent(Math.max(...reading))}. Show it in the network.`,
    )
  })
}

/** "4 99 % · 2 97 %": what each of several digits is read as. */
const each = ({ about, readings }, short) =>
  readings
    .map((reading) => [nameIn(about, answerOf(reading) ?? "?"), percent(Math.max(...reading), short)].join(" "))
    .map((one) => one.replaceAll(" ", "\u00a0"))
    .join(" · ")

/** What each network reads, and whether that is not what most of them do. */
function answersNow() {
  const answers = desk.networks.map(({ reading }) => (reading ? answerOf(reading) : null))
  const usual = usualOf(answers.filter((_, at) => desk.networks[at].reading))
  const disagrees = answers.map((answer, at) => answers.length > 1 && desk.networks[at].reading && answer !== usual)
  return { answers, disagrees }
}

function showVerdict({ verdict }, at, strange, { answers, disagrees }) {
  const network = desk.networks[at]
  const { about, reading, readings } = network
  const label = isDigits(about) ? desk.digit.label : null
  if (readings.length > 1) verdict.textContent = each(network, true)
  else
    verdict.textContent = reading
      ? verdictOf(answers[at], Math.max(...reading), about.highest, label, disagrees[at], strange)
      : ""
}

function showReading({ element, rows, big, bars }, network, answers, disagrees, at) {
  const { about, colour, reading, readings } = network
  const answer = answers[at]
  const several = answers.length > 1
  showBig(big, network, answer === null ? "?" : nameIn(about, answer))
  big.className = `big${reading ? "" : " none"}${readings.length > 1 ? " several" : ""}`
  const which = readings.length > 1 ? `, for the ${ORDER[chosenDigit()]} digit` : ""
  bars.setAttribute("aria-label", `Probabilities of ${about.name}${which}`)
  big.style.setProperty("--colour", reading ? colour : "")
  element.classList.toggle("disagrees", Boolean(disagrees[at]))
  rows.forEach(({ row, bar, share, others }, digit) => {
    const chance = reading ? Number(reading[digit]) || 0 : 0
    row.className = reading && digit === answer ? "first" : ""
    bar.style.width = `${100 * chance}%`
    share.textContent = reading ? percent(chance, several) : ""
    const chips = desk.networks.filter((_, other) => other !== at && answers[other] === digit && answer !== digit)
    if (others.childElementCount || chips.length)
      others.replaceChildren(
        ...chips.map((other) =>
          el("span", {
            className: "chip",
            style: `--colour:${other.colour}`,
            title: `${other.about.name} reads ${digit}`,
          }),
        ),
      )
  })
}

/** The 28 × 28 image that the networks see, and the ways to it with what each would have been read as. */
function picturesOf() {
  const seen = el("canvas", {
    width: SIZE,
    height: SIZE,
    role: "img",
    "aria-label": "The 28 × 28 image that the network sees",
  })
  const caption = el("p", {})
  const beside = el("figcaption", {}, caption)
  const places = el("div", { className: "steps" })
  const stepsHead = el("h3", {})
  const figures = Object.entries(STEPS).map(([id, [name, about]]) => {
    const canvas = el("canvas", { width: SIZE, height: SIZE, role: "img", "aria-label": `${name}: ${about}` })
    const reads = el("div", { className: "reads" })
    const figure = el("figure", {}, canvas, el("figcaption", { title: about }, name, reads))
    return { id, canvas, reads, figure }
  })
  places.replaceChildren(...figures.map(({ figure }) => figure))
  const blank = new Float32Array(SIZE * SIZE)
  const show = () => {
    paintCells(seen, desk.image ?? blank, SIZE, SIZE)
    caption.textContent = desk.image && !desk.digit.drawn ? desk.digit.source : "28 × 28 pixels"
    const drawn = !desk.image || desk.steps.length > 0
    places.hidden = stepsHead.hidden = !drawn
    stepsHead.textContent = `How your ${desk.digit.drawn ? "drawing" : "picture"} became 28 × 28`
    if (!drawn) return
    const reads = desk.networks.map((network) => [...readSteps(network), network.reading].filter(Boolean))
    figures.forEach(({ id, canvas, reads: place }, at) => {
      const image = id === "centred" ? desk.image : desk.steps.find((step) => step.id === id)?.image
      paintCells(canvas, image ?? blank, SIZE, SIZE)
      const lines = desk.networks.map(({ colour }, network) => {
        const reading = id === "centred" ? desk.networks[network].reading : reads[network][at]
        const answer = reading ? answerOf(reading) : null
        const text = reading ? ` ${percent(Math.max(...reading), true)}` : ""
        return { colour, text, answer: reading ? (answer ?? "?") : "" }
      })
      while (place.childElementCount > lines.length) place.lastChild.remove()
      lines.forEach(({ colour, text, answer }, line) => {
        const row =
          place.children[line] ??
          place.appendChild(
            el("span", { className: "read" }, el("span", { className: "chip" }), el("b", {}), el("span", {})),
          )
        row.children[0].style.setProperty("--colour", colour)
        row.children[0].hidden = lines.length < 2
        row.children[1].textContent = answer
        row.children[2].textContent = text
      })
    })
  }
  const element = el(
    "section",
    { className: "pictures" },
    el("h3", {}, "What the network sees"),
    el("figure", { className: "seen" }, seen, beside),
    stepsHead,
    places,
  )
  return { element, beside, show }
}
