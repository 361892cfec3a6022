// Follows a response while it is written. `src` sends the events "block" (settled HTML, to be
// appended), "tail" (HTML that replaces the unfinished end), "ahead" (a sentence while others are
// answered first), "anew" (all that was sent before goes) and "done" (the HTML of the finished response, which takes its place), each as a JSON
// string. The browser reconnects by itself and
// resumes after the last block it saw; the stream ends when the element leaves the page. A response
// that came to its end says so: "response:ended" bubbles up to its entry.
import htmx from "../htmx.js"

customElements.define(
  "reply-stream",
  class extends HTMLElement {
    #source
    #begun = false

    connectedCallback() {
      this.#source = new EventSource(this.getAttribute("src"))
      this.#source.addEventListener("block", (event) => this.#block(JSON.parse(event.data)))
      this.#source.addEventListener("ahead", (event) => this.#ahead(JSON.parse(event.data)))
      this.#source.addEventListener("anew", () => this.#anew())
      this.#source.addEventListener("tail", (event) => this.#tail(JSON.parse(event.data)))
      this.#source.addEventListener("done", (event) => this.#done(JSON.parse(event.data)))
      this.#source.addEventListener("error", () => this.#failed())
    }

    disconnectedCallback() {
      this.#source.close()
    }

    #ahead(sentence) {
      if (!this.#begun) this.querySelector("[data-ahead]").textContent = sentence
    }

    /** The response, or the opening of a day, that grows here. */
    get #whole() {
      return this.closest(".response, .opening")
    }

    #block(html) {
      this.#begin()
      const settled = this.querySelector("[data-settled]")
      const more = fragment(html)
      goOn(settled.lastElementChild, more.firstElementChild)
      settled.append(more)
      this.#tail("")
    }

    /** What was said before were a model's thoughts. */
    #anew() {
      this.querySelector("[data-settled]").replaceChildren()
      this.querySelector("[data-tail]").replaceChildren()
    }

    #tail(html) {
      if (!(html || this.#begun)) return // not a word yet: the dots stay
      this.#begin()
      this.querySelector("[data-tail]").replaceChildren(fragment(html))
    }

    /** The stream tells the whole story, so what the page came with makes room for it. */
    #begin() {
      if (this.#begun) return
      this.#begun = true
      this.querySelector("[data-settled]").replaceChildren()
      this.querySelector("[data-dots]").hidden = true
      this.querySelector("[data-ahead]").textContent = ""
    }

    #done(html) {
      this.#source.close()
      const whole = this.#whole
      const held = whole.contains(document.activeElement)
      const finished = fragment(html).firstElementChild
      if (!finished) return whole.remove() // it was erased meanwhile
      whole.replaceWith(finished)
      htmx.process(finished)
      if (held) finished.querySelector("a, button, summary")?.focus({ preventScroll: true })
      if (this.dataset.sayDone) document.getElementById("status").textContent = this.dataset.sayDone
      if (finished.dataset.state === "done") {
        finished.dispatchEvent(new CustomEvent("response:ended", { bubbles: true }))
      }
    }

    /** While it only reconnects there is nothing to say; a refusal is for good. */
    #failed() {
      if (this.#source.readyState !== EventSource.CLOSED) return
      this.querySelector("[data-dots]").hidden = true
      this.querySelector("[data-stop]")?.setAttribute("hidden", "")
      this.querySelector("[data-lost]").hidden = false
      this.#whole.removeAttribute("aria-busy")
    }
  },
)

/** A long list, table or paragraph comes in stretches: one marked `more` joins what is before it. */
function goOn(last, next) {
  if (!next?.classList.contains("more") || last?.tagName !== next.tagName) return
  const joint = { TABLE: "tbody", PRE: "code" }[next.tagName]
  const from = joint ? next.querySelector(joint) : next
  const to = joint ? last.querySelector(joint) : last
  to?.append(...(from?.childNodes ?? []))
  next.remove()
}

function fragment(html) {
  const template = document.createElement("template")
  template.innerHTML = html
  return template.content
}
