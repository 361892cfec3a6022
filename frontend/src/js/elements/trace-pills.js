// The traces on an entry's card. A pill opens its popover, from `data-popover`, instead of visiting
// its page. After an answer, `.offered` holds what may be kept besides: as much as fits on the line,
// so that nothing moves which is being read.
import htmx from "../htmx.js"

const GAP = 6 // pixels between a pill and its popover

customElements.define(
  "trace-pills",
  class extends HTMLElement {
    #opener

    connectedCallback() {
      this.addEventListener("click", this)
      this.addEventListener("htmx:after:settle", this)
      this.addEventListener("htmx:after:request", this)
      for (const pill of this.querySelectorAll("[data-popover]")) expanded(pill, false)
    }

    get popover_() {
      return this.querySelector(":scope > [popover]") ?? this.#made()
    }

    #made() {
      const made = document.createElement("div")
      made.className = "popover trace-card"
      made.popover = "auto"
      made.setAttribute("role", "dialog")
      made.addEventListener("toggle", ({ newState }) => expanded(this.#opener, newState === "open"))
      this.append(made)
      return made
    }

    handleEvent(event) {
      if (event.type === "click") this.#press(event)
      else if (event.type === "htmx:after:settle") this.#arrived(event.target)
      else this.#answered(event.detail.ctx)
    }

    #press(event) {
      const pill = event.target.closest("[data-popover]")
      if (!pill || event.ctrlKey || event.metaKey || event.shiftKey) return
      event.preventDefault()
      this.#open(pill)
    }

    async #open(pill) {
      const card = this.popover_
      const { popover } = pill.dataset
      await htmx.ajax("GET", popover, { source: this, target: card, swap: "innerHTML" })
      if (!card.firstElementChild || !pill.isConnected) return
      this.#opener = pill
      card.setAttribute("aria-label", pill.title || named(pill))
      card.showPopover()
      place(card, pill)
      card.querySelector("a").focus({ preventScroll: true })
    }

    #arrived(target) {
      for (const pill of target.querySelectorAll("[data-popover]")) expanded(pill, false)
      this.#fit()
    }

    /** Shows what may be kept besides, as far as the line has room for it. */
    #fit() {
      const offered = this.querySelector(".offered")
      const { right } = offered.getBoundingClientRect()
      const kept = new Set([...this.querySelectorAll("[data-popover]")].map(named))
      for (const form of offered.querySelectorAll("form")) {
        form.hidden = false
        for (const one of form.children) one.hidden = kept.has(one.value)
        for (const one of form.children) one.hidden ||= one.getBoundingClientRect().right > right
        form.hidden = !form.querySelector("button:not([hidden])")
      }
    }

    /** What was dropped from its popover takes the popover along. */
    #answered({ sourceElement, response }) {
      if (!(response.raw.ok && sourceElement.closest("[popover] form"))) return
      sourceElement.closest("[popover]").hidePopover()
      this.querySelector("a").focus({ preventScroll: true })
    }
  },
)

function named(pill) {
  return pill.textContent.trim()
}

function expanded(pill, open) {
  pill.setAttribute("aria-haspopup", "dialog")
  pill.setAttribute("aria-expanded", String(open))
}

/** Beneath the pill, or above where there is more room; over it where neither has enough. The style
 * sheet keeps its sides in the window. */
function place(card, pill) {
  const { left, top, bottom } = pill.getBoundingClientRect()
  const { height } = card.getBoundingClientRect()
  const under = innerHeight - bottom
  const above = under < height + 2 * GAP && top > under
  const wanted = above ? top - GAP - height : bottom + GAP
  const at = Math.max(GAP, Math.min(wanted, innerHeight - GAP - height))
  card.style.setProperty("--left", `${left}px`)
  card.style.setProperty("--top", `${scrollY + at}px`)
}
