// What the browser keeps of a class, and the way to where the teacher is.

import { el } from "../dom.js"

const KEPT = 24 * 3600 // seconds
const FOLLOWED = "lenet-class-moves" // the teacher's last move that this tab has followed

/** Keep who this browser is in a class, so that a reload or another copy of the server knows it again; or forget it. */
export function remember({ data }) {
  const end = `; path=/; SameSite=Lax${location.protocol === "https:" ? "; Secure" : ""}`
  if (data.forget) {
    // biome-ignore lint/suspicious/noDocumentCookie: the server reads it when the page connects; CookieStore needs HTTPS
    for (const name of ["class", `class-${data.forget}`]) document.cookie = `${name}=; max-age=0${end}`
    return
  }
  // biome-ignore lint/suspicious/noDocumentCookie: as above
  document.cookie = `class=${data.code}; max-age=${KEPT}${end}`
  // biome-ignore lint/suspicious/noDocumentCookie: as above
  document.cookie = `class-${data.code}=${data.role}.${data.key}; max-age=${KEPT}${end}`
}

/** Go where the teacher went, if that is a new move. lead: { path, query, moves }. Returns whether the page changes. */
export function go({ path, query, moves }) {
  if (!path || Number(sessionStorage.getItem(FOLLOWED) ?? -1) >= moves) return false
  sessionStorage.setItem(FOLLOWED, `${moves}`)
  const target = new URL(path === "draw" ? `./?${query}` : `${path}?${query}`, location.href)
  if (target.pathname === location.pathname && !query) return false
  location.assign(target)
  return true
}

/** The banner of a pupil on another page than the class's, or of a teacher who leads. */
export function follow({ data, root, setTriggerValue }) {
  const { lead, teacher, follows, news } = data
  if (!teacher && follows) go(lead)
  root.hidden = teacher && !lead.path
  const button = (text, value) => {
    const made = el("button", {}, text)
    made.onclick = () => setTriggerValue("follows", value)
    return made
  }
  const away = el("a", { href: `class?class=${data.code}` }, "Back to the class")
  const words = teacher
    ? ["Your class follows you to every page.", button("Stop", false)]
    : !lead.path
      ? [news || "You are in a class."]
      : follows
        ? ["You follow your teacher.", button("Look around by myself", false)]
        : [news || "You look around by yourself.", button("Follow my teacher", true)]
  root.replaceChildren(el("div", { className: "banner", role: "status" }, ...words, data.home ? null : away))
}
