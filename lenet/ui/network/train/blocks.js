// The network that is being built, as blocks: one a layer, as high as its maps and as deep as their number. Choose one,
// and its controls stand below. Everything moves at once; the server is told when the controls rest.

import { el, svg } from "../dom.js"
import { blockSize, NONE, partsOf, table } from "./shapes.js"

const REST = 300 // milliseconds without a change until the server is told
const MOST_WINDOW = 6 // of a pooling: a link may ask for more

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".blocks")
  const text = JSON.stringify(data)
  root.send = (said) => setTriggerValue("said", said)
  root.sent ??= data.heard
  // While somebody goes on, or the server has still to answer the last word, what stands here is newer.
  if (root.given === text || root.timer || data.heard < root.sent) return () => {}
  root.given = text
  root.told = data
  root.chosen ??= "conv1"
  if (!root.picture) build(root)
  draw(root)
  if (!root.editor.contains(root.getRootNode().activeElement)) edit(root)
  return () => {}
}

function build(root) {
  root.picture = el("ol", { "aria-label": "The layers, from picture to answer: choose one to change it" })
  root.sum = el("p", { className: "sum", "aria-live": "polite" })
  root.editor = el("fieldset", {})
  root.editor.addEventListener("focusout", () => rest(root)) // somebody may press Start next
  root.replaceChildren(root.picture, root.sum, root.editor)
}

const rowsOf = (root) => table(root.told)
const chosenOf = (root, rows) => rows.find(({ name }) => name === root.chosen) ?? rows[1]
const grouped = (count) => count.toLocaleString("en")

/** Change some texts, what is as usual left out, and show it. */
function change(root, texts) {
  root.told = { ...root.told, problem: "", texts: { ...root.told.texts, ...texts } }
  for (const [key, text] of Object.entries(root.told.texts))
    if (text === usualOf(root.told, key)) delete root.told.texts[key]
  draw(root)
  clearTimeout(root.timer)
  root.timer = setTimeout(() => rest(root), REST)
}

/** Tell the server, if it does not know yet. */
function rest(root) {
  if (!root.timer) return
  clearTimeout(root.timer)
  root.timer = null
  root.sent++
  root.send({ texts: root.told.texts, number: root.sent })
}

function usualOf({ usual, activation }, key) {
  if (key.endsWith("_act")) return activation
  if (key.endsWith("_drop")) return "0"
  if (key === "hidden") return usual.hidden
  return key.startsWith("pool") ? usual.pool : usual.convs[Number(key.slice(4)) - 1]
}

function draw(root) {
  const rows = rowsOf(root)
  const focus = root.getRootNode().activeElement?.dataset?.layer
  const chosen = chosenOf(root, rows)
  root.picture.replaceChildren(...rows.map((row) => el("li", {}, button(root, row, row === chosen))))
  if (focus) root.picture.querySelector(`[data-layer="${focus}"]`)?.focus()
  const total = (what) => grouped(rows.reduce((sum, row) => sum + (row[what] ?? 0), 0))
  root.sum.textContent = rows.some(({ wrong }) => wrong)
    ? `${rows.at(-1).name} does not fit: nothing can stand behind it.`
    : `${total("parameters")} parameters, ${total("macs")} multiplications per digit`
}

function button(root, row, chosen) {
  const wrong = row.wrong || row.name === root.told.problem
  const lines = [
    el("b", {}, row.pool === NONE ? "no pooling" : row.kind === "input" ? "picture" : row.name),
    el("span", {}, row.wrong ? "does not fit" : sizeOf(row)),
    el("span", { className: "small" }, wordsOf(root.told, row) || "\u00a0"),
    el("span", { className: "small" }, row.parameters ? `${grouped(row.parameters)} parameters` : "\u00a0"),
    el("span", { className: "small" }, row.macs ? `${grouped(row.macs)} multiplications` : "\u00a0"),
  ]
  const one = el("button", { type: "button", className: `${row.kind}${wrong ? " wrong" : ""}` }, shape(row), ...lines)
  one.dataset.layer = row.name
  one.setAttribute("aria-pressed", chosen)
  one.onclick = () => {
    root.chosen = row.name
    draw(root)
    edit(root)
  }
  return one
}

const sizeOf = ({ shape }) => shape.join(" × ")

function wordsOf({ pools }, { kind, pool, window, activation, drop }) {
  const [size, stride] = window ?? []
  const slides = window ? `${size} × ${size}${stride > 1 ? `, stride ${stride}` : ""}` : ""
  if (kind === "pool") return pool === NONE ? "" : `${pools[pool]}, ${slides}`
  return [slides, activation, drop ? `drops ${Math.round(100 * drop)} %` : ""].filter(Boolean).join(", ")
}

/** The block of a layer: a stack of maps seen from the side, or a row of units. */
function shape({ shape: size = [1, 10, 10], pool }) {
  const { side, wide, deep } = blockSize(size)
  const slant = Math.round(deep / 2)
  const [width, height] = [wide + deep + 4, side + slant + 4]
  const corners = (...points) => points.map(([x, y]) => `${x + 2},${y + 2}`).join(" ")
  const faces = deep
    ? [
        ["top", [0, slant], [deep, 0], [deep + wide, 0], [wide, slant]],
        ["flank", [wide, slant], [wide + deep, 0], [wide + deep, side], [wide, side + slant]],
      ]
    : []
  faces.push(["face", [0, slant], [wide, slant], [wide, slant + side], [0, slant + side]])
  return svg(
    "svg",
    { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", class: pool === NONE ? "absent" : "" },
    ...faces.map(([name, ...points]) => svg("polygon", { class: name, points: corners(...points) })),
  )
}

function edit(root) {
  const row = chosenOf(root, rowsOf(root))
  const legend = el("legend", {}, row.kind === "input" ? "The picture" : row.name)
  root.editor.replaceChildren(legend, ...fieldsOf(root, row))
}

function fieldsOf(root, row) {
  const { kind, key } = row
  const { most } = root.told
  if (kind === "input") return [note("Every network begins with the digit's pixels.")]
  if (kind === "conv") {
    const conv = () => partsOf(root.told).convs[Number(key.slice(4)) - 1]
    const put = (at, value) => change(root, { [key]: conv().with(at, value).join("/") })
    const [kernel, stride, padding, channels] = conv()
    return [
      slider("Channels", channels, [1, most.channels], (value) => put(3, value)),
      slider("Kernel", kernel, [1, most.kernel], (value) => put(0, value)),
      slider("Stride", stride, [1, most.stride], (value) => put(1, value)),
      slider("Padding", padding, [0, Math.floor(most.kernel / 2)], (value) => put(2, value)),
      ...after(root, row),
    ]
  }
  if (kind === "pool") {
    const at = Number(key.slice(4)) - 1
    const put = (changes) => {
      const { kind: now, window } = { ...partsOf(root.told).pools[at], ...changes }
      const some = window.join("/") === "1/1/0" && changes.kind ? "2/2/0" : window.join("/")
      change(root, { [key]: now === NONE ? NONE : now === "max" ? some : `${some}/${now}` })
    }
    const moved = (place) => (value) => put({ window: partsOf(root.told).pools[at].window.with(place, value) })
    const [size, stride, padding] = row.window
    const chooser = choice("Pooling takes the", root.told.pools, row.pool, (value) => {
      put({ kind: value })
      edit(root)
    })
    if (row.pool === NONE) return [chooser]
    return [
      chooser,
      slider("Window", size, [1, MOST_WINDOW], moved(0)),
      slider("Stride", stride, [1, MOST_WINDOW], moved(1)),
      slider("Padding", padding, [0, MOST_WINDOW / 2], moved(2)),
    ]
  }
  return hiddenFields(root, row)
}

function hiddenFields(root, row) {
  const { hidden } = partsOf(root.told)
  const put = (units) => change(root, { hidden: units.join("/") || NONE })
  const then = (units, name) => () => {
    put(units)
    root.chosen = name
    draw(root)
    edit(root)
  }
  const room = hidden.length < root.told.most.hidden && !root.told.head.includes("-")
  if (row.kind === "output")
    return [
      note("Ten units, one for each class."),
      ...(room ? [press("Add a hidden layer before it", then([...hidden, 84], row.name))] : []),
    ]
  const { place } = row
  return [
    slider("Units", row.shape[0], [1, root.told.most.units], (value) =>
      put(partsOf(root.told).hidden.with(place, value)),
    ),
    ...(row.activation ? after(root, row) : []),
    ...(room ? [press("Add a layer after it", then(hidden.toSpliced(place + 1, 0, row.shape[0]), row.name))] : []),
    ...(row.kind === "linear" ? [press("Remove this layer", then(hidden.toSpliced(place, 1), row.name))] : []),
  ]
}

/** What follows a layer with weights: its nonlinearity, and dropout. */
function after(root, { key, activation, drop }) {
  const all = Object.fromEntries(root.told.activations.map((one) => [one, one]))
  return [
    choice("Nonlinearity", all, activation, (value) => change(root, { [`${key}_act`]: value })),
    slider("Dropout, in percent", Math.round(100 * drop), [0, 100 * root.told.most.dropout], (value) =>
      change(root, { [`${key}_drop`]: `${value / 100}` }),
    ),
  ]
}

const note = (text) => el("p", { className: "small" }, text)
const press = (text, onclick) => el("button", { type: "button", className: "plain", onclick }, text)

/** A number with a slider and a field, which follow each other. */
function slider(label, value, [min, max], change) {
  const bar = el("input", { type: "range", min, max, value, tabIndex: -1, "aria-hidden": "true" })
  const field = el("input", { type: "number", min, max, value, "aria-label": label })
  const said = (from, to) => () => {
    const asked = Math.round(Number(from.value))
    if (from.value === "" || !(asked >= min && asked <= max)) return
    to.value = asked
    change(asked)
  }
  bar.oninput = said(bar, field)
  field.oninput = said(field, bar)
  field.onblur = () => {
    field.value = bar.value
  }
  return el("label", {}, el("span", {}, label), el("span", { className: "both" }, bar, field))
}

function choice(label, words, value, change) {
  const select = el("select", { "aria-label": label })
  select.append(
    ...Object.entries(words).map(([key, text]) => el("option", { value: key, selected: key === value }, text)),
  )
  select.onchange = () => change(select.value)
  return el("label", {}, el("span", {}, label), select)
}
