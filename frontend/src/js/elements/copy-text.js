// Copies the text of the element named by `data-from`, and says so in `[data-done]`.
customElements.define(
  "copy-text",
  class extends HTMLElement {
    connectedCallback() {
      this.addEventListener("click", this)
    }

    async handleEvent(event) {
      if (!event.target.closest("button")) return
      const from = document.getElementById(this.dataset.from)
      try {
        await navigator.clipboard.writeText(from.textContent.trim())
        this.querySelector("[data-done]").hidden = false
      } catch {
        // No leave to use the clipboard: the text is selected, ready to be copied by hand.
        getSelection().selectAllChildren(from)
      }
    }
  },
)
