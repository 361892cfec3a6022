// Says in one calm sentence that a request from inside the page did not go through, and keeps
// the keyboard where the reader was when an entry is swapped.

let fading

/** Shows `sentence` at the foot of the window for a while. */
export function notice(sentence) {
  const place = document.getElementById("notice")
  place.textContent = sentence
  clearTimeout(fading)
  fading = setTimeout(() => {
    place.textContent = ""
  }, 12_000)
}

function lost() {
  return document.getElementById("notice").dataset.lost
}

/** The sentence of an error page or of the small notice the server sends instead. */
function sentence(html) {
  const page = new DOMParser().parseFromString(html ?? "", "text/html")
  return page.querySelector("[data-sentence]")?.textContent.trim() || lost()
}

document.addEventListener("htmx:response:error", ({ detail }) => {
  const { ctx } = detail
  const handled = ctx.sourceElement.hasAttribute(`hx-status:${ctx.response.status}`)
  const leaving = ctx.response.headers.has("HX-Redirect") || ctx.response.headers.has("HX-Refresh")
  if (!handled && !leaving) notice(sentence(ctx.text))
})

document.addEventListener("htmx:error", () => notice(lost()))

// A swap that took the focused control away would drop the reader at the top of the page, and one
// above the field being written in would push it out of sight.
document.addEventListener("htmx:after:settle", ({ detail }) => {
  const held = document.activeElement
  if (held !== document.body) return held.closest(".compose")?.scrollIntoView({ block: "nearest" })
  const entry = detail.newContent
    .find((node) => node.matches?.(".written, .entry > .foot, .trace-head, .glimpse, .day-rest"))
    ?.closest(".written, .trace-head, .glimpse, .day-rest")
    .querySelector(".entry, button")
  entry?.focus({ preventScroll: true })
})
