// The search field in the bar and the panel beneath it. The server fills the panel (htmx listens for
// the events this sends from the field): "search:opened", and "search:typed" when the text changed.
// Focus stays in the field while arrow keys choose among the offers and results; Tab or Enter takes
// an offer over, Enter opens a result. A search is remembered (`data-remember`) as one is opened.
//
// On the page of search it has no panel.
import { choose, chosen, go } from "../choice.js"
import htmx from "../htmx.js"

const STEPS = { ArrowDown: 1, ArrowUp: -1 }
const OPTION = '[role="option"]'

customElements.define(
  "search-box",
  class extends HTMLElement {
    #ac
    #typed = ""

    connectedCallback() {
      if (!this.panel) return
      this.#ac = new AbortController()
      const { signal } = this.#ac
      this.#typed = this.field.value
      this.field.addEventListener("focus", () => this.#open(), { signal })
      this.field.addEventListener("click", () => this.#open(), { signal })
      this.field.addEventListener("input", () => this.#changed(), { signal })
      this.addEventListener("keydown", (event) => this.#key(event), { signal })
      this.addEventListener("click", (event) => this.#pressed(event), { signal })
      this.addEventListener("auxclick", (event) => this.#pressed(event), { signal })
      this.addEventListener("submit", (event) => this.#submit(event), { signal })
      this.addEventListener("focusout", (event) => this.#left(event.relatedTarget), { signal })
      // Heard at the document: what asked for the swap may have gone with what it replaced.
      document.addEventListener("htmx:after:swap", () => this.#arrived(), { signal })
      document.addEventListener("pointerdown", (event) => this.#left(event.target), { signal })
    }

    disconnectedCallback() {
      this.#ac?.abort()
    }

    get form() {
      return this.querySelector("form")
    }

    get field() {
      return this.form.elements.query
    }

    get panel() {
      return this.querySelector(":scope > [popover]")
    }

    get #isOpen() {
      return this.panel.matches(":popover-open")
    }

    get #chosen() {
      return chosen(this.panel)
    }

    #open() {
      if (this.#isOpen) return
      this.toggleAttribute("data-open", true)
      this.panel.showPopover()
      this.field.setAttribute("aria-expanded", "true")
      this.#tell("search:opened")
    }

    #close() {
      if (!this.#isOpen) return
      choose(this.field, this.panel, null)
      // A model that is asked for other words is asked no further.
      this.panel.querySelector(".other-words.htmx-request")?.dispatchEvent(new Event("htmx:abort"))
      this.removeAttribute("data-open")
      this.panel.hidePopover()
      this.field.setAttribute("aria-expanded", "false")
    }

    /** Closes when focus or the pointer goes elsewhere; no target at all is no place to go to. */
    #left(target) {
      if (target && !this.contains(target)) this.#close()
    }

    #changed() {
      if (this.field.value === this.#typed) return
      this.#typed = this.field.value
      this.#open()
      choose(this.field, this.panel, null)
      this.panel.scrollTop = 0
      this.#tell("search:typed")
    }

    #tell(what) {
      this.field.dispatchEvent(new CustomEvent(what))
    }

    #key(event) {
      if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.key === "Escape" && this.#isOpen) {
        event.preventDefault()
        event.stopPropagation()
        this.#close()
        if (event.target !== this.field) this.field.blur()
        return
      }
      const steers = event.target === this.field || event.target.matches(".said-otherwise")
      if (steers && this.#acts(event)) event.preventDefault()
    }

    /** What a key in the field does to the panel; whether it did. */
    #acts(event) {
      const step = STEPS[event.key]
      if (step && !event.shiftKey) return this.#step(step)
      const chosen = this.#isOpen && this.#chosen
      if (!chosen) return false
      if (event.key === "Delete" && event.shiftKey) return this.#forget(chosen)
      if (event.key === "Enter" && chosen.matches("a")) chosen.click()
      else if (event.key === "Enter" || (event.key === "Tab" && !event.shiftKey))
        return this.#take(chosen)
      else return false
      return true
    }

    #step(step) {
      this.#open()
      this.field.focus()
      const options = [...this.panel.querySelectorAll(OPTION)]
      go(this.field, this.panel, options, step)
      return true
    }

    /** Takes an offer over into the field; false for what is none. */
    #take(option) {
      if (!("query" in option.dataset)) return false
      this.#search(option.dataset.query)
      return true
    }

    #search(query) {
      this.field.value = query
      this.field.focus()
      this.#changed()
    }

    #pressed(event) {
      const forget = event.target.closest("[data-forget]")
      const option = event.target.closest(OPTION)
      const link = event.target.closest(".search-link")
      if (link && !(event.button || event.ctrlKey || event.metaKey || event.shiftKey)) {
        event.preventDefault()
        this.#open()
        this.field.focus()
      } else if (event.target.closest("[data-close]")) this.#close()
      else if (forget) this.#forget(option)
      else if (option?.matches("a")) this.#remember()
      else if (option && !event.button) this.#take(option)
    }

    /** A form in the panel that searches for something else searches here. */
    #submit(event) {
      if (event.target === this.form || event.target.matches("[hx-post]")) return
      event.preventDefault()
      this.#search(event.target.elements.query.value)
    }

    /** The page is left at once, so this must outlive it. */
    #remember() {
      fetch(this.dataset.remember, {
        method: "POST",
        body: new FormData(this.form),
        headers: { "HX-Request": "true", "HX-Request-Type": "partial" },
        keepalive: true,
      }).catch(() => {}) // then it is not offered again, which is no reason to keep anyone
    }

    #forget(option) {
      const forget = option.querySelector("[data-forget]")
      if (!forget) return false
      if (option === this.#chosen) choose(this.field, this.panel, null)
      htmx.ajax("DELETE", forget.dataset.forget, { source: forget, target: option, swap: "delete" })
      this.field.focus()
      return true
    }

    /** Results are links in a list on a page; here they are options of a list box. */
    #arrived() {
      const chosen = this.#chosen?.id
      for (const list of this.panel.querySelectorAll(".results")) {
        list.setAttribute("role", "listbox")
        list.setAttribute("aria-label", list.parentElement.getAttribute("aria-label"))
      }
      this.panel.querySelectorAll(".results > li").forEach((row, n) => {
        row.setAttribute("role", "none")
        const link = row.querySelector("a")
        link.id ||= `result-${n}`
        link.setAttribute("role", "option")
        if (link.id !== chosen) link.setAttribute("aria-selected", "false")
      })
      if (!chosen) this.field.removeAttribute("aria-activedescendant")
    }
  },
)
