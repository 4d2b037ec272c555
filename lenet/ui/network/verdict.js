// What is said about an answer, in a few words. Nothing here touches the page.

import { percent } from "./formatting.js"

const SURE = 0.9 // from this share of its highest probability on, a network is sure
const UNSURE = 0.5 // below this one it is guessing

/** What most of them read; the first of them if there is no majority. */
export function usualOf(answers) {
  const count = (answer) => answers.filter((other) => other === answer).length
  return answers.reduce((best, answer) => (count(answer) > count(best) ? answer : best), answers[0])
}

/** highest: the most that this network can give one digit; strange: it has never seen anything like this. */
export function verdictOf(answer, most, highest, label, disagrees = false, strange = false) {
  if (!(most >= 0)) return "can't be used: its weights contain NaN"
  if (answer === null) return "cannot tell: all ten scores are equal"
  const share = most / highest
  const chance = percent(most, true)
  const how = share >= SURE ? "sure" : share >= UNSURE ? "fairly sure" : "guessing"
  const said = strange
    ? `${chance}, but like no digit it knows`
    : highest < 1 && share >= SURE
      ? `${chance}: as sure as this network can be`
      : `${how} (${chance})`
  if (label !== null && label !== undefined)
    return answer === label ? `right, ${said}` : `wrong, it is a ${label}: ${said}`
  return disagrees ? `disagrees: says ${answer}, ${said}` : said
}
