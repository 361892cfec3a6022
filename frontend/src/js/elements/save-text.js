// Saves the text of the element named by `data-from` as a file; it never leaves the browser.
customElements.define(
  "save-text",
  class extends HTMLElement {
    connectedCallback() {
      this.addEventListener("click", this)
    }

    handleEvent(event) {
      if (!event.target.closest("button")) return
      const text = document.getElementById(this.dataset.from).textContent.trim()
      const blob = new Blob([`${this.dataset.before}\n\n${text}\n`], { type: "text/plain" })
      const link = document.createElement("a")
      link.href = URL.createObjectURL(blob)
      link.download = this.dataset.name
      link.click()
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
    }
  },
)
