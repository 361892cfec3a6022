// Fills the hidden field it wraps with the browser's time zone.
customElements.define(
  "zone-field",
  class extends HTMLElement {
    connectedCallback() {
      const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
      this.querySelector("input").value = timeZone ?? ""
    }
  },
)
