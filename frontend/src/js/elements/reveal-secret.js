// Shows the password in the field it wraps while its button is pressed in.
customElements.define(
  "reveal-secret",
  class extends HTMLElement {
    connectedCallback() {
      this.addEventListener("click", this)
    }

    handleEvent(event) {
      const button = event.target.closest("button")
      if (!button) return
      const input = this.querySelector("input")
      const shown = input.type === "password"
      input.type = shown ? "text" : "password"
      button.setAttribute("aria-pressed", String(shown))
    }
  },
)
