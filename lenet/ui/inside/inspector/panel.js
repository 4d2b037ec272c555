// The panel: one number taken apart. It only builds elements; a button with data-stage and data-cell leads there.

const SHOWN = 8 // terms of a long sum before the rest becomes one line

/** A button that goes to the cell a term was read from. */
function source(net, { stage, cell }, text) {
  const from = net.stages[stage]
  return el("button", { type: "button", className: "go", "data-stage": stage, "data-cell": cell, title: `Go to ${nameOf(from, cell)}` },
    text ?? shortName(from, cell))
}

/** Colours of a cell of a grid: the palette's, and black or white on it, whichever can be read. */
function tint(value, scale, signed) {
  const at = 3 * levelOf(value, scale, signed)
  const [r, g, b] = (signed ? DIVERGING : SEQUENTIAL).slice(at, at + 3)
  return { background: `rgb(${r},${g},${b})`, colour: 0.3 * r + 0.59 * g + 0.11 * b > 130 ? "#000" : "#fff" }
}

/** A little grid of numbers. cells: { value, term } or null for padding; with a term, a button that leads to it. */
function grid(net, cells, columns, { scale, signed, exact, label, mark = -1 }) {
  return el("div", { className: `grid${exact ? " exact" : ""}`, style: `--columns:${columns}`, role: "group", "aria-label": label },
    ...cells.map((one, at) => {
      if (one === null) return el("span", { className: "padding", title: "padding: no number here" }, "·")
      const { background, colour } = tint(one.value, scale, signed), style = `background:${background};color:${colour}`
      const text = exact ? figure(one.value, true) : hundredths(one.value)
      const title = `${figure(one.value, true)}${one.product === undefined ? "" : `; product ${figure(one.product, true)}`}`
      const className = at === mark ? "mark" : ""
      if (!one.term) return el("span", { style, title, className, "data-value": one.value }, text)
      return el("button", { type: "button", style, title: `${nameOf(net.stages[one.term.stage], one.term.cell)}: ${title}`, className, tabIndex: at ? -1 : 0,
        "data-stage": one.term.stage, "data-cell": one.term.cell, "data-value": one.value, "data-product": one.product }, text)
    }))
}

const line = (className, ...children) => el("div", { className: `line ${className}` }, ...children)
const number = (value, exact, kind = "") => el("output", { className: `number ${kind}`, title: figure(value, true), "data-value": value }, figure(value, exact))

/** A sum whose largest terms come first and whose rest is one line. */
function listing(net, { terms, bias, sum: total }, { exact, all, biasName = "bias" }, words) {
  const sorted = [...terms].sort((a, b) => Math.abs(b.product) - Math.abs(a.product))
  const shown = all ? sorted : sorted.slice(0, SHOWN), rest = sorted.slice(shown.length)
  const together = sum(rest.map((term) => term.product))
  const most = Math.max(...[...shown.map((term) => term.product), together, bias, total].map(Math.abs)) || 1
  const row = (name, calculation, product, kind) => el("tr", { className: kind },
    el("td", {}, name), el("td", { className: "calculation" }, calculation),
    el("td", { className: "product" }, number(product, exact, "term")),
    el("td", { className: "bars", "aria-hidden": "true" }, el("i", { className: product < 0 ? "minus" : "plus", style: `width:${50 * Math.abs(product) / most}%` })))
  return el("table", { className: "listing" },
    el("thead", {}, el("tr", {}, el("th", {}, "from"), el("th", {}, words), el("th", {}, "product"), el("th", { "aria-label": "its size" }))),
    el("tbody", {},
      ...shown.map((term) => row(source(net, term), `${figure(term.value, exact)} × ${figure(term.weight, exact)}`, term.product, "one")),
      rest.length ? row(el("button", { type: "button", className: "plain", "data-all": "true" }, `${rest.length} more`), "smaller terms together", together, "rest") : null,
      row(biasName, "", bias, "bias"),
      row("sum", "", total, "total")))
}

/** Our number, PyTorch's, and how far they are apart, honestly. */
function check({ value, torch, terms, groups, bias }, exact) {
  // float32 rounds each addition by up to a sixteen-millionth of what is added up, however small the outcome is.
  const added = (groups?.flatMap((group) => group.terms) ?? terms).reduce((most, { product }) => most + Math.abs(product), Math.abs(bias))
  const apart = Math.abs(value - torch), relative = torch ? apart / Math.abs(torch) : apart
  const small = (x) => x.toExponential(0).replace("-", "−")
  const words = apart === 0 ? "They are equal."
    : relative <= 1e-4 ? `They agree to ${small(relative)}${torch ? " of the number" : ""}.`
    : apart <= 1e-6 * Math.max(1, added) ? `They agree to ${small(apart)}: large terms cancel here, so float32 keeps few figures of the number.`
    : `They differ by ${small(apart)}: that is too much.`
  return el("p", { className: "check" },
    "Added up here, in double precision: ", el("output", { className: "ours", "data-value": value }, figure(value, true)), ". PyTorch, in float32: ",
    el("output", { className: "torch", "data-value": torch }, figure(torch, true)), ". ", words)
}

const BODY = {
  input: () => [el("p", {}, "A grey value of the digit: 0 is black, 1 is white. Nothing comes before it.")],
  normalise: (net, { terms: [term], value }, { exact }) => [line("", "(", source(net, term, figure(term.value, exact)), ` − ${net.mean}) / ${net.std} = `, number(value, exact))],
  flatten: (net, { terms: [term] }) => [line("", "The same number as ", source(net, term), ": the maps are only laid out in one row.")],
  sequence: (net, { terms: [term] }) => [line("", "The same number as ", source(net, term), ": the positions of the maps are only read one after the other.")],
  last: (net, { terms: [term] }) => [line("", "The same number as ", source(net, term), ": only the last step goes on.")],
  relu: (net, { terms: [term], value }, { exact }) => [line("", "max(0, ", source(net, term, figure(term.value, exact)), ") = ", number(value, exact)),
    el("p", {}, value > 0 ? "Positive: ReLU lets it through." : "Not positive: ReLU makes it zero.")],
  tanh: (net, { terms: [term], value }, { exact }) => [line("", "tanh(", source(net, term, figure(term.value, exact)), ") = ", number(value, exact))],
  sigmoid: (net, { terms: [term], value }, { exact }) => [line("", "1 / (1 + e", el("sup", {}, "−x"), ") for x = ", source(net, term, figure(term.value, exact)), ": ", number(value, exact))],

  conv(net, { groups, bias, sum: total, terms }, { exact, before }) {
    const weights = Math.max(...terms.map((term) => Math.abs(term.weight)))
    const strongest = terms.reduce((best, term) => Math.abs(term.product) > Math.abs(best.product) ? term : best)
    return [
      el("p", {}, groups.length > 1 ? `The patch of each of the ${groups.length} input maps × the kernel for that map, added up: ` : "The patch × the kernel, cell by cell, added up: "),
      line("equation", ...groups.flatMap((group, k) => [k ? (group.sum < 0 ? " − " : " + ") : group.sum < 0 ? "−" : "",
        el("span", { className: "number", title: `map ${k}: ${figure(group.sum, true)}` }, figure(Math.abs(group.sum), exact))]),
        ` ${bias < 0 ? "−" : "+"} `, el("span", { className: "number", title: figure(bias, true) }, `${figure(Math.abs(bias), exact)} (bias)`), " = ", number(total, exact, "total")),
      ...groups.map((group, k) => el("div", { className: "channel" },
        el("div", { className: "which" }, groups.length > 1 ? `map ${k}` : before.name),
        grid(net, group.terms.map((term) => ({ value: term.value, term, product: term.product })), 5, { scale: before.scale, signed: before.signed, exact, label: `patch of ${before.name} map ${k}`, mark: group.terms.indexOf(strongest) }),
        el("span", { className: "sign" }, "×"),
        grid(net, group.terms.map((term) => ({ value: term.weight, product: term.product })), 5, { scale: weights, signed: true, exact, label: `kernel for map ${k}`, mark: group.terms.indexOf(strongest) }),
        el("span", { className: "sign" }, "="), number(group.sum, exact, "term"))),
      line("", "bias ", number(bias, exact, "bias")),
      el("p", { className: "note" }, `Framed: the product that weighs most.${exact ? "" : " The cells are rounded to two decimals: tick “exact figures” to add them up by hand."}`),
    ]
  },

  pool(net, { terms, window, winner, value }, { exact, stage, before }) {
    const cells = window.map((at) => at === null ? null : { value: before.values[at], term: terms.find((term) => term.cell === at) })
    return [el("p", {}, `The largest of the ${terms.length} numbers in the window: `, source(net, { stage: stage.number - 1, cell: winner }), " with ", number(value, exact), "."),
      grid(net, cells, stage.window[0], { scale: before.scale, signed: before.signed, exact, label: "window", mark: window.indexOf(winner) }),
      terms.length < window.length ? el("p", { className: "note" }, "A dot is padding: it never wins.") : null]
  },

  linear: (net, found, options) => [listing(net, found, options, "value × weight")],

  rnn: (net, found, options) => [start(found, options.stage), listing(net, found, { ...options, biasName: "two biases" }, "value × weight"),
    line("", `tanh(${figure(found.sum, options.exact)}) = `, number(found.value, options.exact))],

  lstm: (net, found, options) => {
    const [enter, forget, candidate, leave] = found.groups, { exact } = options
    const f = (x) => figure(x, exact)
    return [start(found, options.stage),
      el("ol", { className: "steps" },
        el("li", {}, `memory = forget gate × memory before + input gate × candidate = ${f(forget.value)} × ${f(found.memory)} + ${f(enter.value)} × ${f(candidate.value)} = `, number(found.sum, exact)),
        el("li", {}, `state = output gate × tanh(memory) = ${f(leave.value)} × tanh(${f(found.sum)}) = `, number(found.value, exact))),
      ...found.groups.map((one) => el("details", { open: options.all },
        el("summary", {}, `${one.name} = ${one.nonlinearity}(${f(one.sum)}) = `, number(one.value, exact)),
        listing(net, one, { ...options, biasName: "two biases" }, "value × weight")))]
  },

  softmax(net, { terms, sum: total, most, value }, { exact, cell }) {
    const own = terms[cell], before = net.stages[own.stage]
    const rows = terms.map((term, digit) => el("tr", { className: digit === cell ? "own" : "" },
      el("td", {}, `${digit}`), el("td", {}, source(net, term, `${before.name} ${digit}: ${figure(term.value, exact)}`)),
      el("td", { className: "product" }, number(term.product, exact, "term")),
      el("td", { className: "bars share", "aria-hidden": "true" }, el("i", { className: "plus", style: `width:${100 * term.product / total}%` }))))
    return [el("p", {}, `e to the power of each output less the largest, ${figure(most, exact)}. The share of digit ${cell} is its probability.`),
      el("table", { className: "listing" }, el("thead", {}, el("tr", {}, ...["digit", "output", "e to the power"].map((text) => el("th", {}, text)), el("th", { "aria-label": "share" }))),
        el("tbody", {}, ...rows, el("tr", { className: "total" }, el("td", {}, "sum"), el("td", {}), el("td", { className: "product" }, number(total, exact, "total")), el("td", {})))),
      line("", `${figure(own.product, exact)} / ${figure(total, exact)} = `, number(value, exact))]
  },
}

function start({ step, steps }, stage) {
  if (stage.along) return el("p", {}, "This layer reads the digits of a batch one after the other. Here the digit is alone, so the state before it is zero.")
  return el("p", {}, `Step ${step} of 0 to ${steps - 1}. ${step ? "It adds what comes in to the state before." : "The state before the first step is zero."}`)
}

/** All of the panel but its head. */
function body(net, number, cell, options) {
  const stage = net.stages[number], found = explain(net, number, cell)
  return [...BODY[stage.kind](net, found, { ...options, stage, cell, before: net.stages[number - 1] }), check(found, options.exact)].filter(Boolean)
}
