// Where the traces of an entry are kept and dropped. The field stays in focus while names are kept,
// one after the other. What is typed is completed by the server, which htmx asks on "trace:typed"
// from the field; arrow keys choose among what it answers, Enter keeps it, Tab takes it over. From
// the field, Down leads on to the buttons beneath, and Backspace or Left to the last trace kept,
// where Enter, Backspace or Delete drop it. Letters typed on a button go to the field.
import { chosen, go } from "../choice.js"

const STEPS = { ArrowDown: 1, ArrowUp: -1 }
const BESIDE = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }

customElements.define(
  "trace-picker",
  class extends HTMLElement {
    connectedCallback() {
      this.addEventListener("input", this)
      this.addEventListener("keydown", this)
      this.addEventListener("mousedown", this)
      this.addEventListener("click", this)
      this.addEventListener("focusout", this)
      this.addEventListener("htmx:after:settle", this)
      this.addEventListener("submit", this)
      this.addEventListener("htmx:finally:request", this)
    }

    get field() {
      return this.querySelector("[role=combobox]")
    }

    get list() {
      return this.querySelector("[role=listbox]")
    }

    handleEvent(event) {
      const { type, target } = event
      if (type === "input") this.#typed()
      else if (type === "keydown") this.#key(event)
      // A press on an option must not take the focus, which would close the list before the click.
      else if (type === "mousedown") target.closest(".option") && event.preventDefault()
      else if (type === "click") target.closest(".option") && this.#keep(target.closest(".option"))
      else if (type === "focusout") target === this.field && this.#close()
      else if (type === "submit") this.#sent(target)
      else if (type === "htmx:after:settle") this.#arrived(target)
      else this.#answered(event.detail.ctx)
    }

    #typed() {
      if (this.field.value.trim()) this.field.dispatchEvent(new CustomEvent("trace:typed"))
      else this.#close()
    }

    // The list

    #show() {
      const open = this.list.childElementCount > 0 && document.activeElement === this.field
      this.list.hidden = !open
      this.field.setAttribute("aria-expanded", String(open))
    }

    #close() {
      this.list.replaceChildren()
      this.field.removeAttribute("aria-activedescendant")
      this.#show()
    }

    #keep(option) {
      this.field.value = option.dataset.name
      this.field.form.requestSubmit()
    }

    // Keys

    #key(event) {
      if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
      const acts = event.target === this.field ? this.#inField(event) : this.#onButton(event)
      if (!acts) return
      event.preventDefault()
      event.stopPropagation()
    }

    /** What a key in the field does beyond writing; whether it did. */
    #inField({ key, shiftKey }) {
      const { selectionStart, selectionEnd } = this.field
      const option = chosen(this.list)
      if (STEPS[key] && !shiftKey) return this.#step(STEPS[key])
      if (key === "Escape" && !this.list.hidden) this.#close()
      else if (key === "Enter" && option) this.#keep(option)
      else if (key === "Enter" && !this.field.value.trim()) return true
      else if (key === "Tab" && option && !shiftKey) this.#take(option)
      else if ((key === "Backspace" || key === "ArrowLeft") && selectionStart + selectionEnd === 0)
        return this.#focus(this.#kept.at(-1))
      else return false
      return true
    }

    #take(option) {
      this.field.value = option.dataset.name
      this.#close()
    }

    #step(step) {
      const options = this.list.hidden ? [] : [...this.list.children]
      if (!options.length) return step > 0 && this.#focus(this.#offered[0])
      go(this.field, this.list, options, step)
      return true
    }

    get #kept() {
      return [...this.querySelectorAll("button[data-name]")]
    }

    /** The buttons beneath the field. */
    get #offered() {
      const buttons = this.querySelectorAll(".said button, .suggested button")
      return [...buttons].filter((button) => button.checkVisibility())
    }

    #onButton(event) {
      const { key, target } = event
      const isKept = target.matches("[data-name]")
      const row = isKept ? this.#kept : this.#offered
      const here = row.indexOf(target)
      if (here >= 0 && BESIDE[key]) {
        const next = here + BESIDE[key]
        return this.#focus(row[next] ?? (isKept || next < 0 ? this.field : target))
      }
      if (isKept && (key === "Backspace" || key === "Delete")) {
        target.click()
        return true
      }
      // The letter itself goes where the focus is by then, and to no shortcut of the page.
      if (key.length === 1 && key !== " ") {
        this.field.focus()
        event.stopPropagation()
      }
      return false
    }

    #focus(element) {
      element?.focus()
      return Boolean(element)
    }

    // What the server says

    #arrived(target) {
      if (target === this.list) return this.field.value.trim() ? this.#show() : this.#close()
      const kept = new Set(this.#kept.map((button) => button.dataset.name))
      for (const button of this.querySelectorAll(".suggested button")) {
        button.hidden = kept.has(button.value)
      }
      if (this.querySelector(".said .error")) this.field.setAttribute("aria-invalid", "true")
      else this.field.removeAttribute("aria-invalid")
      // A button that was pressed may be gone, with what it stood for.
      const held = document.activeElement
      if (held === document.body || !held.checkVisibility())
        this.field.focus({ preventScroll: true })
    }

    /** The field is free for the next name at once: htmx, on the form itself, has read it by now. */
    #sent(form) {
      if (form !== this.field.form && !form.matches(".otherwise")) return
      this.field.value = ""
      this.#close()
    }

    /** What was not kept stands in the field again, unless something else is typed by then. */
    #answered({ sourceElement, response, request }) {
      if (sourceElement !== this.field.form || response?.raw.ok || this.field.value) return
      this.field.value = request.body.get("name")
    }
  },
)
