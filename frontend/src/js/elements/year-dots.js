// A year of days as dots, each told of by a tip. One dot is in the order of Tab; the arrows walk to the
// others. A finger need not meet a dot exactly.
import { DayTips } from "../day-tips.js"

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }
const REACH = 24 // pixels a finger may miss a dot by

customElements.define(
  "year-dots",
  class extends DayTips {
    connectedCallback() {
      super.connectedCallback()
      this.#rove(this.querySelector(".today[href]") ?? this.#dots.at(-1))
    }

    get days() {
      return ".days a"
    }

    get #dots() {
      return [...this.querySelectorAll(this.days)]
    }

    handleEvent(event) {
      super.handleEvent(event)
      if (event.type === "keydown") this.#key(event, event.target.closest(this.days))
    }

    /** The nearest dot. */
    tapped({ clientX, clientY }) {
      const near = this.#dots.map((dot) => {
        const { left, right, top, bottom } = dot.getBoundingClientRect()
        const away = Math.hypot(clientX - (left + right) / 2, clientY - (top + bottom) / 2)
        return { dot, away }
      })
      near.sort((a, b) => a.away - b.away)
      return near[0]?.away <= REACH ? near[0].dot : undefined
    }

    #key(event, dot) {
      const dots = this.#dots
      const ends = { Home: 0, End: dots.length - 1 }
      const next = dots[ends[event.key] ?? dots.indexOf(dot) + STEPS[event.key]]
      if (!(dot && next) || event.ctrlKey || event.metaKey || event.altKey) return
      event.preventDefault()
      this.#rove(next)
      next.focus()
    }

    #rove(to) {
      for (const dot of this.#dots) dot.tabIndex = dot === to ? 0 : -1
    }
  },
)
