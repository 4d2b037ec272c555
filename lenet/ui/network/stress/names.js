// What the answers of a network are called: digits, or the classes that it learnt. Nothing here touches the page.

/** Of a class: a network of this session may have learnt something else than digits. */
export const nameOf = ({ classes }, answer) => (classes ? (classes[answer] ?? "none of them") : `${answer}`)

/** What it could be fooled into reading, as [value, name]; "" stands for any. from: what it reads. */
export function targetsOf(about, from) {
  const answers = Array.from({ length: about.classes?.length ?? 10 }, (_, answer) => answer)
  const others = answers.filter((answer) => answer !== from).map((answer) => [`${answer}`, nameOf(about, answer)])
  return [["", `any other ${about.classes ? "class" : "digit"}`], ...others]
}

/** What the picture is to be read as, with its article; null is any other. */
export function wantedOf(about, target) {
  if (target === null) return `another ${about.classes ? "class" : "digit"}`
  const name = nameOf(about, target)
  return `${/^([8aeio]|11|18)/i.test(name) ? "an" : "a"} ${name}`
}
