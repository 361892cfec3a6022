// Keeps the place in a day while the tab lives: the number is held in the tab's own history
// entries, never in the browser's storage. Reload and Back are the browser's own affair; this one
// serves a link that leads to a day seen before.
customElements.define(
  "scroll-keeper",
  class extends HTMLElement {
    #timer

    connectedCallback() {
      if (!window.navigation?.currentEntry) return
      this.#return()
      addEventListener("scroll", this, { passive: true })
    }

    disconnectedCallback() {
      removeEventListener("scroll", this)
      clearTimeout(this.#timer)
    }

    handleEvent() {
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => {
        navigation.updateCurrentEntry({ state: { y: Math.round(scrollY) } })
      }, 150)
    }

    #return() {
      const [visit] = performance.getEntriesByType("navigation")
      if (location.hash || visit?.type !== "navigate") return
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
