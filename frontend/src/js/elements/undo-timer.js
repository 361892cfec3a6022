// Takes its wrapper, or what `data-takes` names within, away when the time in which something can
// be undone (`data-seconds`) is over.
customElements.define(
  "undo-timer",
  class extends HTMLElement {
    #timer

    connectedCallback() {
      this.#timer = setTimeout(() => this.#gone.remove(), this.dataset.seconds * 1000)
    }

    get #gone() {
      const { takes } = this.dataset
      return takes ? this.querySelector(takes) : this.closest(".written")
    }

    disconnectedCallback() {
      clearTimeout(this.#timer)
    }
  },
)
