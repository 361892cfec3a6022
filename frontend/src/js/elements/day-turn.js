// Shows its banner when the diarist's next day has begun (`data-turns-at`, an instant in UTC).
// The page stays the page of its day: whatever is written on it still belongs there.
const LONGEST = 2 ** 31 - 1

customElements.define(
  "day-turn",
  class extends HTMLElement {
    #timer

    connectedCallback() {
      // Timers sleep with the machine, so the clock is read again whenever the page is seen.
      document.addEventListener("visibilitychange", this)
      this.handleEvent()
    }

    disconnectedCallback() {
      document.removeEventListener("visibilitychange", this)
      clearTimeout(this.#timer)
    }

    handleEvent() {
      clearTimeout(this.#timer)
      const left = Date.parse(this.dataset.turnsAt) - Date.now()
      if (left <= 0) this.querySelector(".banner").hidden = false
      else this.#timer = setTimeout(() => this.handleEvent(), Math.min(left + 50, LONGEST))
    }
  },
)
