// The list of traces, with a field that finds. The server fills the list as one types and as one
// scrolls. From the field ↓ goes into the list and Enter opens the first trace; in the list the
// arrows walk. A list keeps its place from trace to trace: a number in the tab's own history entries,
// never in the browser's storage.
const STEPS = { ArrowDown: 1, ArrowUp: -1 }

customElements.define(
  "trace-list",
  class extends HTMLElement {
    #ac
    #timer
    #behind = false // what is typed was not answered yet
    #opens = false // Enter was pressed meanwhile

    connectedCallback() {
      this.#ac = new AbortController()
      const { signal } = this.#ac
      this.addEventListener("keydown", (event) => this.#key(event), { signal })
      this.field.addEventListener("input", () => this.#typed(), { signal })
      this.addEventListener("submit", (event) => this.#submit(event), { signal, capture: true })
      this.addEventListener("htmx:after:swap", () => this.#arrived(), { signal })
      this.#return()
      document.addEventListener("scroll", () => this.#keep(), { signal, capture: true })
    }

    disconnectedCallback() {
      this.#ac.abort()
      clearTimeout(this.#timer)
    }

    get field() {
      return this.querySelector("[name=find]")
    }

    get list() {
      return this.querySelector(".traces-scroll")
    }

    get #links() {
      return [...this.list.querySelectorAll("li > a")]
    }

    /** What scrolls: the list itself, or the page where the list is one. */
    get #scroller() {
      const own = getComputedStyle(this.list).overflowY !== "visible"
      return own ? this.list : document.scrollingElement
    }

    #typed() {
      this.#behind = true
      this.#opens = false
    }

    #arrived() {
      if (this.#behind) this.list.scrollTop = 0
      this.#behind = false
      if (this.#opens) this.#open()
    }

    #submit(event) {
      if (event.target !== this.field.form) return
      event.preventDefault()
      event.stopPropagation()
      if (this.#behind) this.#opens = true
      else this.#open()
    }

    #open() {
      this.#opens = false
      this.#links[0]?.click()
    }

    #key(event) {
      const step = STEPS[event.key]
      if (!step || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
      const links = this.#links
      const at = links.indexOf(event.target)
      if (at < 0 && (event.target !== this.field || step < 0)) return
      event.preventDefault()
      const next = at + step < 0 ? this.field : links[at + step]
      next?.focus()
    }

    #keep() {
      if (!window.navigation?.currentEntry || this.field.value) return
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => {
        const y = Math.round(this.#scroller.scrollTop)
        navigation.updateCurrentEntry({ state: { list: this.list.dataset.order, y } })
      }, 150)
    }

    /** To where the list was on the page that led here, and to the chosen trace if it is elsewhere. */
    #return() {
      const here = window.navigation?.currentEntry
      const own = this.#scroller === this.list
      if (here && (own || !this.list.querySelector("[aria-current]"))) {
        const before = navigation.entries().slice(0, here.index + 1)
        const state = before.map((entry) => entry.getState()).findLast((each) => each?.list)
        const y = state?.list === this.list.dataset.order ? state.y : undefined
        if (Number.isInteger(y) && (own || here.index > 0)) this.#scroller.scrollTop = y
      }
      const chosen = own && this.list.querySelector("[aria-current]")
      if (chosen) this.#show(chosen)
    }

    /** Moves no more than the list, and only if the link is out of its sight. */
    #show(link) {
      const { top, bottom } = this.list.getBoundingClientRect()
      const at = link.getBoundingClientRect()
      if (at.top < top || at.bottom > bottom) {
        this.list.scrollTop += at.top - top - this.list.clientHeight / 3
      }
    }
  },
)
