// Several years of a histogram at once. Wraps a form of buttons, one a year: drawing over them, or
// Shift with the arrow keys, chooses from one to another; the form's `since` and `until` take them.
const STEPS = { ArrowLeft: -1, ArrowRight: 1 }

customElements.define(
  "year-brush",
  class extends HTMLElement {
    #from = -1
    #to = -1
    #drawing = false

    connectedCallback() {
      for (const kind of ["pointerdown", "pointermove", "keydown", "dragstart"]) {
        this.addEventListener(kind, this)
      }
      addEventListener("pointerup", this)
      addEventListener("pointercancel", this)
    }

    disconnectedCallback() {
      removeEventListener("pointerup", this)
      removeEventListener("pointercancel", this)
    }

    get #years() {
      return [...this.querySelectorAll("li")]
    }

    handleEvent(event) {
      if (event.type === "dragstart") event.preventDefault()
      else if (event.type === "keydown") this.#key(event)
      else if (event.type === "pointerdown") this.#begin(event)
      else if (!this.#drawing) return
      else if (event.type === "pointermove") this.#draw(this.#at(event))
      else this.#end(event.type === "pointerup")
    }

    #begin(event) {
      if (event.button) return
      // A touch would keep the first bar for its own.
      event.target.releasePointerCapture?.(event.pointerId)
      this.#drawing = true
      this.#from = this.#to = this.#at(event)
    }

    /** The year over or under the pointer, however high the bar is. */
    #at(event) {
      const years = this.#years
      const found = years.findIndex((each) => event.clientX <= each.getBoundingClientRect().right)
      return found < 0 ? years.length - 1 : found
    }

    #draw(to) {
      this.#to = to
      const [first, last] = this.#ends()
      this.#years.forEach((each, n) => {
        each.toggleAttribute("data-chosen", first !== last && n >= first && n <= last)
      })
    }

    #end(whole) {
      this.#drawing = false
      if (whole && this.#from !== this.#to) this.#narrow()
      else this.#clear()
    }

    #key(event) {
      const step = STEPS[event.key]
      const here = this.#years.indexOf(event.target.closest("li"))
      if (event.key === "Escape" && this.#from !== this.#to) {
        event.stopPropagation()
        this.#clear()
      } else if ((event.key === "Enter" || event.key === " ") && this.#from !== this.#to) {
        event.preventDefault()
        this.#narrow()
      } else if (step && here >= 0) {
        event.preventDefault()
        this.#step(here, step, event.shiftKey)
      }
    }

    /** To the next year that has a bar to stand on. */
    #step(here, step, chooses) {
      const years = this.#years
      let next = here + step
      while (years[next]?.querySelector("button").disabled) next += step
      if (!years[next]) return
      if (!chooses) this.#clear()
      else if (this.#from < 0) this.#from = here
      if (chooses) this.#draw(next)
      years[next].querySelector("button").focus()
    }

    #ends() {
      return [Math.min(this.#from, this.#to), Math.max(this.#from, this.#to)]
    }

    #clear() {
      this.#from = this.#to = -1
      this.#draw(-1)
    }

    #narrow() {
      const form = this.querySelector("form")
      const [first, last] = this.#ends().map((n) => this.#years[n].querySelector("button").value)
      const { since, until } = form.elements
      since.disabled = until.disabled = false
      since.value = `${first.padStart(4, "0")}-01-01`
      until.value = `${last.padStart(4, "0")}-12-31`
      form.submit()
    }
  },
)
