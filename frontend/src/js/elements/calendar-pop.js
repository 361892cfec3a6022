// Opens the calendar over the page instead of visiting it. Wraps the link to the calendar's page
// and an empty popover; months and years are stepped through inside; arrow keys walk the days. The
// day of the page it stands on, whose address is `data-day`, is marked.
import htmx from "../htmx.js"

const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }

customElements.define(
  "calendar-pop",
  class extends HTMLElement {
    #wasOpen = false // when the link was pressed, before the press itself closed it
    #steps = Promise.resolve() // one after the other: two quick presses are two steps

    connectedCallback() {
      this.link.setAttribute("aria-haspopup", "dialog")
      this.link.setAttribute("aria-expanded", "false")
      this.addEventListener("click", this)
      this.addEventListener("keydown", this)
      this.popover_.addEventListener("toggle", this)
      this.link.addEventListener("pointerdown", this)
    }

    get link() {
      return this.querySelector(":scope > a")
    }

    get popover_() {
      return this.querySelector("[popover]")
    }

    get #open() {
      return this.popover_.matches(":popover-open")
    }

    handleEvent(event) {
      if (event.type === "toggle") this.#toggled(event.newState === "open")
      else if (event.type === "pointerdown") this.#wasOpen = this.#open
      else if (event.type === "keydown") this.#walk(event)
      else this.#follow(event)
    }

    #toggled(open) {
      this.link.setAttribute("aria-expanded", String(open))
    }

    #follow(event) {
      const link = event.target.closest("a")
      const opens = link === this.link
      if (!(opens || link?.hasAttribute("data-step"))) return
      if (event.ctrlKey || event.metaKey || event.shiftKey) return
      event.preventDefault()
      const closes = opens && (this.#wasOpen || this.#open)
      this.#wasOpen = false
      if (closes) return this.popover_.hidePopover()
      const step = () => this.#step(link, opens)
      this.#steps = this.#steps.then(step, step)
    }

    async #step(pressed, opens) {
      const same = pressed.rel && `[rel="${pressed.rel}"]`
      // Pressed before the last step's answer was here: its link has gone, so its heir is followed.
      const link = pressed.isConnected ? pressed : same && this.popover_.querySelector(same)
      if (!link) return
      await this.#load(link.href)
      if (!this.popover_.firstElementChild) return
      const here = this.dataset.day && this.popover_.querySelector(`[href="${this.dataset.day}"]`)
      if (here) here.dataset.here = ""
      if (opens && !this.#open) this.popover_.showPopover()
      const focus = opens ? (here ? "[data-here]" : "[aria-current]") : same || "[data-step]"
      const next = this.popover_.querySelector(focus) ?? this.popover_.querySelector("a")
      next?.focus({ preventScroll: true })
    }

    #load(href) {
      return htmx.ajax("GET", href, { source: this, target: this.popover_, swap: "innerHTML" })
    }

    #walk(event) {
      const step = STEPS[event.key]
      const here = event.target.closest("td")
      if (!step || !here) return
      event.preventDefault()
      const cells = [...this.popover_.querySelectorAll("td")]
      cells[cells.indexOf(here) + step]?.querySelector("a")?.focus()
    }
  },
)
