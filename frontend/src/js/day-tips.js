// One tip for many days. It tells of the one that is pointed at, focused or tapped: its words, and,
// fetched once a moment has passed, what the day held. A tap tells first; the tip then holds the link
// to the day. Whoever extends it says which links are days.
const MOMENT = 120

export class DayTips extends HTMLElement {
  #ac
  #timer
  #at // the day that is told of
  #recaps = new Map() // what was fetched, while the page lives
  #touched = false // the last press was a finger's

  connectedCallback() {
    this.#ac = new AbortController()
    const { signal } = this.#ac
    // Not in the page's HTML: htmx would copy the style of the last tip over to the next by its id.
    this.tip.id = "day-tip"
    for (const kind of ["pointerover", "pointerdown", "pointerleave", "click", "keydown"]) {
      this.addEventListener(kind, this, { signal })
    }
    this.addEventListener("focusin", this, { signal })
    this.addEventListener("focusout", this, { signal })
    document.addEventListener("pointerdown", (event) => this.#elsewhere(event), { signal })
    addEventListener("scroll", () => this.#hide(), { signal, passive: true, capture: true })
  }

  disconnectedCallback() {
    this.#ac.abort()
    clearTimeout(this.#timer)
  }

  get tip() {
    return this.querySelector(".tip")
  }

  /** The day that is told of now. */
  get told() {
    return this.#at
  }

  /** The selector of the links that are days. */
  get days() {
    return "a"
  }

  /** The day that a finger's tap tells of; none when the tap is to do what it does. */
  tapped(event) {
    return event.target.closest(this.days)
  }

  handleEvent(event) {
    const day = event.target.closest(this.days)
    if (event.type === "pointerover" && event.pointerType !== "touch") this.#over(event, day)
    else if (event.type === "pointerleave" && event.pointerType !== "touch") this.#hide()
    else if (event.type === "pointerdown") this.#touched = event.pointerType === "touch"
    else if (event.type === "click") this.#click(event)
    else if (event.type === "keydown") this.#key(event)
    // The day on which the calendar opens for someone with a mouse is not asked about.
    else if (event.type === "focusin" && day?.matches(":focus-visible")) this.#tell(day)
    else if (event.type === "focusout" && !this.tip.contains(event.relatedTarget)) this.#hide()
  }

  #over(event, day) {
    if (day) this.#tell(day)
    else if (!this.tip.contains(event.target)) this.#hide()
  }

  #click(event) {
    if (!this.#touched || this.tip.contains(event.target)) return
    const day = this.tapped(event)
    if (!day) return this.#hide()
    event.preventDefault()
    this.#tell(day, { taps: true })
  }

  #key(event) {
    this.#touched = false
    if (event.key !== "Escape" || !this.tip.matches(":popover-open")) return
    event.stopPropagation()
    this.#hide()
  }

  #elsewhere(event) {
    if (!this.contains(event.target)) this.#hide()
  }

  #tell(day, { taps = false } = {}) {
    const { tip } = this
    tip.querySelector("[data-open]").hidden = !taps
    if (day === this.#at) return
    this.#hide()
    this.#at = day
    day.setAttribute("aria-describedby", tip.id)
    day.toggleAttribute("data-told", true)
    tip.querySelector("[data-words]").textContent =
      day.dataset.words ?? day.getAttribute("aria-label")
    tip.querySelector("[data-open]").href = day.href
    const known = this.#recaps.get(day.pathname)
    tip.querySelector("[data-recap]").textContent = known ?? ""
    if (known === undefined) this.#timer = setTimeout(() => this.#fetch(day), MOMENT)
    tip.showPopover()
    this.#place()
  }

  async #fetch(day) {
    let recap = ""
    try {
      const answer = await fetch(`${day.pathname}/recap`, {
        headers: { "HX-Request": "true", "HX-Request-Type": "partial" },
      })
      if (!answer.ok) return
      recap = new DOMParser().parseFromString(await answer.text(), "text/html").body.textContent
      this.#recaps.set(day.pathname, recap.trim())
    } catch {
      return // the tip tells the rest
    }
    if (this.#at !== day) return
    this.tip.querySelector("[data-recap]").textContent = recap.trim()
    this.#place()
  }

  /** Under the day, or over it where there is no room; within the window. */
  #place() {
    const { tip } = this
    const day = this.#at.getBoundingClientRect()
    const { width, height } = tip.getBoundingClientRect()
    const middle = (day.left + day.right) / 2
    const room = document.documentElement.clientWidth - width - 8
    tip.style.left = `${Math.max(8, Math.min(middle - width / 2, room))}px`
    const under = day.bottom + 8
    const fits = under + height < innerHeight
    tip.style.top = `${fits ? under : day.top - 8 - height}px`
  }

  #hide() {
    clearTimeout(this.#timer)
    this.#at?.removeAttribute("aria-describedby")
    this.#at?.removeAttribute("data-told")
    this.#at = undefined
    if (this.tip?.matches(":popover-open")) this.tip.hidePopover()
  }
}
