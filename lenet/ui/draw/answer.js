// The answers: for each network a large digit and ten bars; what the network sees; what centring did.

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".answer")
  root.replaceChildren(
    ...(data.message ? [message(data, () => setTriggerValue("example", true))] : []),
    el("div", { className: `cards of-${data.networks.length}` }, ...data.networks.map((network) => card(network, data)),
      data.networks.some(({ disagrees }) => disagrees) ? el("p", { className: "key" }, "A square behind a bar: the network of that colour reads this digit.") : null),
    ...(data.stages.length ? [pictures(data)] : []),
  )
  root.dataset.mark = data.mark // tells a test, and the bench, which digit these bars are for
  parentElement.querySelector(".spoken").textContent = data.networks
    .filter((network) => network.probabilities)
    .map((network) => `${network.name}: ${network.answer ?? "undecided"}`)
    .join(", ")
  if (data.waking) whenPainted(() => setTriggerValue("painted", true))
  // While torch is loaded the server is slow to answer, so this is said here and at once.
  document.querySelector(".st-key-canvas").onpointerup = data.waking && (() => {
    root.querySelector(".message")?.remove()
    root.prepend(note(data.waking))
  })
}

function message({ message, mark, wrong }, onExample) {
  const said = note(message, mark ? null : el("button", { type: "button", onclick: onExample }, "Try a test digit"))
  if (wrong) {
    said.classList.add("wrong")
    said.role = "alert"
  }
  return said
}

function note(...content) {
  return el("p", { className: "message", role: "status" }, ...content)
}

/** Call back once the board of the page, another component, is on the screen. */
function whenPainted(callback, tries = 100) {
  const board = document.querySelector(".st-key-canvas [data-testid=stBidiComponentIsolated]")
  if (tries && !board?.shadowRoot?.querySelector("canvas")) setTimeout(whenPainted, 50, callback, tries - 1)
  else requestAnimationFrame(() => setTimeout(callback, 0))
}

function card({ name, colour, answer, verdict, probabilities, disagrees }, { networks }) {
  const known = probabilities !== null
  const heading = el("h3", {}, el("span", { className: "chip", style: `--colour:${colour}` }), name)
  const big = el("div", { className: known ? "big" : "big none", style: known ? `--colour:${colour}` : "" }, `${answer ?? "?"}`)
  const bars = el("ol", { className: "bars", start: 0, "aria-label": `Probabilities of ${name}` })
  for (let digit = 0; digit < 10; digit++) {
    const share = known ? probabilities[digit] : 0
    const others = networks.filter((other) => other.name !== name && other.answer === digit && answer !== digit)
    bars.append(
      el("li", { className: digit === answer ? "first" : "" },
        el("b", {}, `${digit}`),
        el("span", { className: "track" },
          el("span", { className: "bar", style: `width:${100 * share}%;--colour:${colour}` })),
        el("span", { className: "share" }, known ? percent(share, networks.length > 1) : ""),
        el("span", { className: "others" }, ...others.map((other) =>
          el("span", { className: "chip", style: `--colour:${other.colour}`, title: `${other.name} reads ${digit}` }))),
      ),
    )
  }
  return el("section", { className: disagrees ? "card disagrees" : "card" },
    heading, el("div", { className: "said" }, big, el("div", { className: "verdict" }, verdict)), bars)
}

/** The 28 × 28 image the network sees, and the ways to it with what each would have been read as. */
function pictures({ stages, networks, source }) {
  const last = stages.at(-1)
  const steps = stages.length < 2 ? [] : [
    el("h3", {}, "What centring did"),
    el("div", { className: "steps" }, ...stages.map((stage, index) =>
      el("figure", {},
        mosaic(stage, 2, `${stage.name}: ${stage.about}`),
        el("figcaption", { title: stage.about }, stage.name,
          ...networks.filter((network) => network.stages).map((network) => {
            const [answer, share] = network.stages[index]
            return el("span", { className: "read" },
              el("span", { className: "chip", style: `--colour:${network.colour}` }),
              el("b", {}, `${answer ?? "?"}`), ` ${percent(share, true)}`)
          }))))),
  ]
  return el("section", { className: "pictures" },
    el("h3", {}, "What the network sees"),
    el("figure", { className: "seen" },
      mosaic(last, 4, `The 28 × 28 image that the network sees: ${source}`),
      el("figcaption", {}, `28 × 28 cells: ${source}`)),
    ...steps)
}
