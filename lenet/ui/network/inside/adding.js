// The products of a convolution fly into their sum, one after another, and the sums of the input maps into the number of
// the cell. Who wants no motion sees the sums grow and nothing fly.

const EACH = 70 // milliseconds from one product to the next
const FLIGHT = 420 // milliseconds that one is in the air

/** Begin. body: of the panel of a convolution's cell; bias: of that cell; write: a number as text; still: whether nothing
 *  may move; over: is called at the end. Returns what ends it at once. */
export function addUp(body, { bias, write, still, over }) {
  const timers = []
  const flying = new Set()
  const later = (wait, action) => timers.push(setTimeout(action, wait))
  const total = body.querySelector(".equation .total")
  const rows = Array.from(body.querySelectorAll(".channel"), (row) => ({
    products: [...row.querySelector(".products .grid").children].filter(({ dataset }) => dataset.value !== undefined),
    target: row.querySelector("output.term"),
  }))
  const texts = [total, ...rows.map(({ target }) => target)].map((output) => [output, output.textContent])

  function fly(from, to) {
    if (still) return
    const zoom = body.getBoundingClientRect().width / body.offsetWidth || 1
    const [a, b, home] = [from, to, body].map((one) => one.getBoundingClientRect())
    const clone = from.cloneNode(true)
    clone.className = "flying"
    clone.setAttribute("aria-hidden", "true")
    clone.style.cssText += `;left:${(a.x - home.x) / zoom}px;top:${(a.y - home.y) / zoom}px`
    body.append(clone)
    flying.add(clone)
    const way = `translate(${(b.x - a.x) / zoom}px, ${(b.y - a.y) / zoom}px)`
    clone.animate([{ transform: "none" }, { transform: way, opacity: 0.5 }], { duration: FLIGHT, easing: "ease-in" })
    later(FLIGHT, () => {
      clone.remove()
      flying.delete(clone)
    })
  }

  let longest = 0
  for (const { products, target } of rows) {
    let sum = 0
    target.textContent = write(0)
    for (const [at, product] of products.entries()) {
      later(at * EACH, () => {
        product.classList.add("added")
        fly(product, target)
      })
      later(at * EACH + FLIGHT, () => {
        sum += Number(product.dataset.value)
        target.textContent = write(sum)
      })
    }
    longest = Math.max(longest, products.length * EACH + FLIGHT)
  }
  total.textContent = write(bias)
  later(longest, () => {
    for (const { target } of rows) fly(target, total)
  })
  later(longest + FLIGHT, stop)

  function stop() {
    for (const timer of timers) clearTimeout(timer)
    for (const clone of flying) clone.remove()
    for (const [output, text] of texts) output.textContent = text
    for (const { products } of rows) for (const product of products) product.classList.remove("added")
    over()
  }
  return stop
}
