// Keeps the place in a day while the tab lives: the number is held in the tab's own history
// entries, never in the browser's storage. Reload and Back are the browser's own affair; this one
// serves a link that leads to a day seen before, or to a passage found on it: the browser goes to
// the top of the entry, and the passage may stand far below.
customElements.define(
  "scroll-keeper",
  class extends HTMLElement {
    #timer

    connectedCallback() {
      const [visit] = performance.getEntriesByType("navigation")
      const anew = visit?.type === "navigate"
      // Not sooner: the browser goes to the entry, and knows it as the target, when all is there.
      if (anew && location.hash) addEventListener("load", this, { once: true })
      if (!window.navigation?.currentEntry) return
      if (anew && !location.hash) this.#return()
      addEventListener("scroll", this, { passive: true })
    }

    disconnectedCallback() {
      removeEventListener("load", this)
      removeEventListener("scroll", this)
      clearTimeout(this.#timer)
    }

    handleEvent({ type }) {
      if (type === "load") return this.#find()
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => {
        navigation.updateCurrentEntry({ state: { y: Math.round(scrollY) } })
      }, 150)
    }

    #find() {
      document.querySelector(":target mark.found")?.scrollIntoView({ block: "center" })
    }

    #return() {
      const here = navigation.currentEntry
      const seen = navigation
        .entries()
        .slice(0, here.index)
        .findLast((entry) => new URL(entry.url).pathname === location.pathname)
      const y = seen?.getState()?.y
      if (Number.isInteger(y)) scrollTo(0, y)
    }
  },
)
