// Single keys for what the page offers. An element says which key presses it by
// `aria-keyshortcuts`; within an entry the entry's own controls come first. Wraps the help sheet.
customElements.define(
  "page-keys",
  class extends HTMLElement {
    connectedCallback() {
      document.addEventListener("keydown", this)
    }

    disconnectedCallback() {
      document.removeEventListener("keydown", this)
    }

    handleEvent(event) {
      if (event.defaultPrevented || event.isComposing) return
      if (event.key === "k" && (event.ctrlKey || event.metaKey) && !event.altKey) {
        if (this.#press("/")) event.preventDefault()
        return
      }
      if (event.ctrlKey || event.metaKey || event.altKey) return
      if (event.key === "Escape") return this.#escape(event)
      if (event.target.matches("input, textarea, select, [contenteditable]")) return
      if (document.querySelector(":popover-open") && event.key !== "?") return
      if (this.#step(event.key) || this.#press(event.key)) event.preventDefault()
    }

    /** Leaves a field; closes the form of an entry, whose draft is kept, or of a trace. Popovers close
     * by themselves. */
    #escape(event) {
      if (document.querySelector(":popover-open")) return
      const cancel = event.target.closest(".written, .trace-head")?.querySelector("[data-cancel]")
      if (cancel) cancel.click()
      else if (event.target !== document.body) event.target.blur()
    }

    #step(key) {
      const here = document.activeElement?.closest(".entry")
      const arrows = here ? { ArrowDown: 1, ArrowUp: -1 } : {}
      const step = { j: 1, k: -1, ...arrows }[key]
      if (!step) return false
      const entries = [...document.querySelectorAll(".entry")]
      const next = here ? entries.indexOf(here) + step : step > 0 ? 0 : entries.length - 1
      const entry = entries[next]
      if (!entry) return false
      entry.focus({ preventScroll: true, focusVisible: true })
      entry.scrollIntoView({ block: "nearest" })
      return true
    }

    #press(key) {
      if (!/^[a-z[\]?/]$/.test(key)) return false
      const wanted = `[aria-keyshortcuts~="${CSS.escape(key)}"]`
      const within = document.activeElement?.closest(".written, .response")?.closest(".written")
      const control = within?.querySelector(wanted) ?? this.#only(wanted)
      if (!control) return false
      if (!control.matches("textarea")) control.click()
      if (control.matches("textarea, input")) control.focus()
      return true
    }

    /** Outside an entry `e` and `r` mean the last one on the page, nothing else repeats. */
    #only(wanted) {
      return [...document.querySelectorAll(wanted)].at(-1)
    }
  },
)
