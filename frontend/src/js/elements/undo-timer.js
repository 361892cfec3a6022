// Takes its wrapper away when the time in which something can be undone (`data-seconds`) is over.
customElements.define(
  "undo-timer",
  class extends HTMLElement {
    #timer

    connectedCallback() {
      this.#timer = setTimeout(() => this.closest(".written").remove(), this.dataset.seconds * 1000)
    }

    disconnectedCallback() {
      clearTimeout(this.#timer)
    }
  },
)
