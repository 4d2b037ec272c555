// The kernels of a network to choose from by their pictures; and of the chosen one, in one row: its weights, the digit,
// the map that it makes of it, and the patches of test digits that it answers to most. All of it is computed here.

import { decoded, el, paintCells, styled } from "../dom.js"
import { figure, fixed, hundredths } from "../formatting.js"
import { tint } from "../palette.js"
import { testDigits } from "./digits.js"
import { doesView } from "./does.js"
import { edits, tensorsIn } from "./editable.js"
import { csvOf, pictureOf, save } from "./kernel-files.js"
import { fieldOf, patchOf, STRONGEST } from "./patches.js"

const MOST_NUMBERS = 16 // input maps whose weights are written as numbers; of more there are only pictures
const LOOKING = "looking for its top-activating patches …"
const ONE_LINE = 8 // pictures of input maps beside each other

const found = new Map() // promises of the patches, by name, mark and edits of the network

export default function ({ data, root, setTriggerValue }) {
  const { network: about, digit } = data
  const key = [about.name, about.mark, digit.image].join()
  if (root.kernels === key) return // a rerun of the page: all of it is here already
  root.kernels = key
  root.classList.add("kernels")
  Promise.all([edits(about), styled(root, "inside/kernels.css")]).then(
    ([edited]) => {
      if (root.kernels !== key) return
      edited.network.run(decoded(digit.image))
      begin({ data, root, edited, want: () => setTriggerValue("digits", true) })
    },
    (error) => {
      root.textContent = `The weights of ${about.name} did not arrive (${error.message}): reload the page.`
    },
  )
}

function begin({ data, root, edited, want }) {
  const net = edited.network
  const name = edited.count ? `${data.network.name}, edited` : data.network.name
  const layers = net.stages.filter(({ kind }) => kind === "conv").map((stage) => layerOf(net, stage))
  if (!layers.length) {
    root.replaceChildren(el("p", {}, `${data.network.name} has no convolution, so it has no kernels.`))
    return
  }
  const maps = new Map(layers.map(({ stage }) => [stage.name, stage.values.slice()])) // the network goes on to read
  const chosen = layers.find(({ stage }) => stage.name === root.chosen?.layer)
    ? root.chosen
    : { layer: layers[0].stage.name, number: 0 }
  const tabs = layers.map(({ stage: { name } }) => {
    const button = el("button", { type: "button" }, name)
    button.onclick = () => pick({ layer: name, number: 0 })
    return button
  })
  const own = el("input", { type: "checkbox" })
  own.onchange = () => show(true)
  const legend = el("span", { className: "legend" })
  const choice = el("div", { role: "group", "aria-label": "Kernel" })
  const row = el("div", { className: "row" })
  const beside = el("div", {})
  const guesses = el("div", { className: "guesses" })
  const does = data.does ? doesView(data.network, edited, want) : null
  const files = does ? [] : fileButtons(name.replace(", ", "-"), layers, () => current().layer)
  const current = () => ({ ...chosen, layer: layers.find(({ stage }) => stage.name === chosen.layer) })
  let buttons = []

  function pick(next) {
    const other = next.layer !== chosen.layer
    Object.assign(chosen, next)
    root.chosen = chosen
    show(other)
  }

  /** all: whether the pictures to choose from are others, too. */
  function show(all) {
    const { layer, number } = current()
    const { stage, inputs, count } = layer
    for (const tab of tabs) tab.setAttribute("aria-pressed", tab.textContent === stage.name)
    const scaleOf = (kernel) => (own.checked ? largest(layer.kernel(kernel)) : layer.most)
    if (all) {
      legend.replaceChildren(
        el("i", { className: "scale diverging" }),
        own.checked
          ? "blue negative, orange positive"
          : `weights from −${fixed(layer.most, 2)} to ${fixed(layer.most, 2)}`,
      )
      buttons = Array.from({ length: count }, (_, kernel) => {
        const label = `Kernel ${kernel} of ${stage.name}`
        const button = el("button", { type: "button", "aria-label": label, title: label })
        button.append(kernelPicture(layer, kernel, scaleOf(kernel), label), `${kernel}`)
        button.onclick = () => pick({ layer: stage.name, number: kernel })
        return button
      })
      choice.className = `choice ${inputs > 1 ? "wide" : ""}`
      choice.replaceChildren(...buttons)
    }
    for (const [kernel, button] of buttons.entries()) button.setAttribute("aria-pressed", kernel === number)
    root.dataset.chosen = `${stage.name} ${number}`
    if (does) {
      does.show(stage, number)
      return
    }
    const patches = el("div", { className: "patches" })
    const [, rows, columns] = stage.shape
    const made = maps.get(stage.name).subarray(number * rows * columns, (number + 1) * rows * columns)
    row.replaceChildren(
      figureOf(
        inputs > 1
          ? kernelPicture(layer, number, scaleOf(number), `Kernel ${number} of ${stage.name}`, across(inputs))
          : numbers(layer, number, scaleOf(number)),
        `kernel ${number} of ${stage.name}`,
        "weights",
      ),
      figureOf(picture(decoded(data.digit.image), 28, 28, 1, false, "The digit"), "the digit", "large"),
      figureOf(picture(made, rows, columns, largest(made), true, "Its map"), "its map of the digit", "large"),
      figureOf(patches, LOOKING, "those"),
    )
    fillPatches(patches, layer, number)
    beside.replaceChildren(...(inputs > 1 && inputs <= MOST_NUMBERS ? [numbers(layer, number, scaleOf(number))] : []))
  }

  function fillPatches(place, { stage }, kernel) {
    const caption = place.nextElementSibling
    const small = (canvas, words) => el("figure", {}, canvas, el("figcaption", {}, words))
    const blank = picture(new Float32Array(1), 1, 1, 1, false, "A patch that is being looked for")
    place.replaceChildren(...Array.from({ length: STRONGEST }, () => small(blank.cloneNode(), "…")))
    const field = fieldOf(net.stages, stage.number)
    const { mark, tests, classes } = data.network
    if (tests.problem) {
      caption.textContent = ""
      place.replaceChildren(el("p", { className: "note" }, tests.problem))
      return
    }
    const key = `${name} ${mark} ${edited.version}`
    if (!found.has(key)) found.set(key, lookThrough(data.network, net, want))
    found.get(key).then(({ patches, digits }) => {
      if (!place.isConnected) return
      const all = patches[stage.number][kernel]
      caption.textContent = "its top-activating patches"
      const largestValue = all[0]?.value
      place.title =
        largestValue === undefined
          ? ""
          : `Of one ${tests.one} in ${tests.every}; the strongest gives ${figure(largestValue)}`
      place.replaceChildren(
        ...all.map((one) => {
          const label = digits.labels[one.picture]
          const number = one.picture * tests.every
          const words = `Patch of ${tests.one} ${number}, a ${classes?.[label] ?? label}: ${figure(one.value)}`
          const pixels = patchOf(digits, one, field, stage.shape[2])
          const canvas = picture(pixels, field.size, field.size, 1, false, words)
          canvas.title = words
          return small(canvas, hundredths(one.value))
        }),
      )
      root.dataset.patches = `${stage.name} ${kernel}`
    })
  }

  root.replaceChildren(
    el(
      "div",
      { className: "head" },
      el("div", { className: "tabs", role: "group", "aria-label": "Layer" }, ...tabs),
      ...(edited.count ? [el("b", { className: "edited" }, `${name}: ${inWords(edited.count)}`)] : []),
      el("label", {}, own, " each kernel in its own colours"),
      legend,
      ...files,
    ),
    choice,
    ...(does
      ? [does.element]
      : [
          row,
          beside,
          el(
            "p",
            { className: "note" },
            `Patches: the piece of a ${data.network.tests.one} at which the kernel's map is largest, before the nonlinearity; one for each picture.`,
          ),
          guesses,
        ]),
  )
  const read = (data.guesses ?? []).map((one) => ({ one, layer: layers.find(({ stage }) => stage.name === one.layer) }))
  if (read.length && read.every(({ one, layer }) => layer?.side ** 2 === one.half.length && one.kernel < layer.count))
    guesses.append(
      el("h2", {}, "Two kernels that the paper reads by eye"),
      ...read.map(({ one, layer }) => guessOf(one, layer, name)),
    )
  show(true)
}

/** The patches of every kernel, from a worker, and the digits that they are of. */
async function lookThrough(about, net, want) {
  const digits = await testDigits(about, want)
  const worker = new Worker(new URL("./patches-worker.js", import.meta.url), { type: "module" })
  const patches = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data)
    worker.onerror = reject
    worker.postMessage({ about, tensors: tensorsIn(net), digits })
  })
  worker.terminate()
  return { patches, digits }
}

/** A convolution and how its weights lie. */
function layerOf(net, stage) {
  const [count] = stage.shape
  const [inputs] = net.stages[stage.number - 1].shape
  const [side] = stage.window
  const { weight } = stage.weights
  const each = inputs * side * side
  return {
    ...{ stage, count, inputs, side, most: largest(weight) },
    kernel: (number) => weight.subarray(number * each, (number + 1) * each),
    grid: (number, map) => weight.subarray(number * each + map * side * side, number * each + (map + 1) * side * side),
  }
}

const inWords = (count) => `${count} ${count === 1 ? "number" : "numbers"}`
const largest = (values) => values.reduce((most, one) => Math.max(most, Math.abs(one)), 0)

/** Columns of a block of that many pictures that is about as wide as half as high again. */
const across = (count) => Math.ceil(Math.sqrt(1.5 * count))

/** The weights for all input maps beside each other, with a gap between them. */
function kernelPicture({ inputs, side, grid }, kernel, scale, label, columns = 0) {
  const wanted = columns || (inputs <= ONE_LINE ? inputs : across(inputs))
  const down = Math.ceil(inputs / wanted)
  const [wide, high] = [wanted * (side + 1) - 1, down * (side + 1) - 1]
  const canvas = el("canvas", { width: wide, height: high, role: "img", "aria-label": label })
  const one = document.createElement("canvas")
  for (let map = 0; map < inputs; map++) {
    paintCells(one, grid(kernel, map), side, side, scale, true)
    canvas.getContext("2d").drawImage(one, (map % wanted) * (side + 1), Math.floor(map / wanted) * (side + 1))
  }
  return canvas
}

/** The weights of a kernel as little grids of numbers, one for each input map. */
function numbers({ inputs, side, grid }, kernel, scale) {
  const grids = Array.from({ length: inputs }, (_, map) => {
    const cells = Array.from(grid(kernel, map), (value) => {
      const { background, colour } = tint(value, scale, true)
      return el(
        "span",
        { style: `background:${background};color:${colour}`, title: figure(value, true) },
        hundredths(value),
      )
    })
    const name = inputs > 1 ? `for map ${map}` : ""
    return el(
      "div",
      {},
      el(
        "div",
        { className: "grid", style: `--columns:${side}`, role: "group", "aria-label": `Weights ${name}` },
        ...cells,
      ),
      el("small", {}, name),
    )
  })
  return el("div", { className: "grids" }, ...grids)
}

function figureOf(content, words, kind) {
  return el("figure", { className: kind }, content, el("figcaption", {}, words))
}

function picture(values, rows, columns, scale, signed, label) {
  const canvas = el("canvas", { role: "img", "aria-label": label })
  paintCells(canvas, values, rows, columns, scale, signed)
  return canvas
}

/** What the paper reads from a kernel, and what the measure says. */
function guessOf({ words, measure, half, kernel }, { inputs, side, grid, stage }, name) {
  const mean = new Float32Array(side * side)
  for (let map = 0; map < inputs; map++) grid(kernel, map).forEach((value, at) => (mean[at] += value / inputs))
  const contrast = contrastOf(mean, half)
  const label = `Kernel ${kernel} of ${stage.name}${inputs > 1 ? ", the mean over its input maps" : ""}`
  return el(
    "div",
    { className: "guess", "data-contrast": contrast },
    picture(mean, side, side, largest(mean), true, label),
    el(
      "p",
      {},
      `The paper: “${words}”${inputs > 1 ? " Here it is the mean over the maps that it reads." : ""} In ${name}: ${measure}: `,
      el("b", {}, `${contrast > 0 ? "+" : ""}${fixed(contrast, 2)}`),
      contrast > 0 ? ", the sign that the paper's reading needs." : ", the opposite of what the paper's reading needs.",
      " Which kernel gets which number depends on the seed; “What a kernel does” measures what it does.",
    ),
  )
}

/** The mean of one half of the cells minus that of the mirrored ones, in standard deviations of all. */
export function contrastOf(cells, half) {
  const mean = (values) => values.reduce((sum, one) => sum + one, 0) / values.length
  const all = Array.from(cells)
  const deviation = Math.sqrt(mean(all.map((one) => (one - mean(all)) ** 2)))
  const other = [...half].reverse()
  return (mean(all.filter((_, at) => half[at])) - mean(all.filter((_, at) => other[at]))) / deviation
}

function fileButtons(name, layers, current) {
  const button = (words, action) => {
    const one = el("button", { type: "button" }, words)
    one.onclick = action
    return one
  }
  return [
    button("Picture (PNG)", () => {
      const layer = current()
      pictureOf(layer, kernelPicture).toBlob((file) => save(file, `${name}-${layer.stage.name}.png`))
    }),
    button("All weights (CSV)", () => save(new Blob([csvOf(layers)], { type: "text/csv" }), `${name}-kernels.csv`)),
  ]
}
