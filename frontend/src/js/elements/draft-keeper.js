// Keeps what is being written safe on the server while it is written. Wraps the textarea and the
// foot of a form: the draft goes to `data-url` two seconds after a pause and at least every five
// while typing goes on; `[data-saved]` says how that went, `[data-left]` how many bytes are left
// of `data-limit`. A link or a form that leaves the page waits until the last words are kept. Nothing
// is kept in the browser.
const PAUSE = 2_000
const AT_LEAST = 5_000
const AGAIN = 10_000
const NEAR = 2_000
const LONGEST_WAIT = 3_000
const AT_THE_END = 60_000 // bytes a page may still send while it is left
const THERE = 10_000 // so long after the last key somebody is taken to be there

customElements.define(
  "draft-keeper",
  class extends HTMLElement {
    #timer
    #saving // the request under way
    #since = 0 // when the first change not yet saved was made
    #typed = 0 // when the last one was made
    #sent = false // the form itself is on its way: the draft has done its work
    #kept = ""
    #failed = false // the last save did not go through
    #holding = false // a form or link is waiting for the last words
    #goes // the one that has waited
    #ac

    connectedCallback() {
      this.#ac = new AbortController()
      const { signal } = this.#ac
      this.#kept = this.text.value
      this.text.addEventListener("input", () => this.#changed(), { signal })
      this.text.addEventListener("keydown", (event) => this.#key(event), { signal })
      // On the document and capturing, so that it comes before htmx's own listener on the form.
      document.addEventListener("submit", (event) => this.#submit(event), { signal, capture: true })
      this.form.addEventListener("htmx:finally:request", () => this.#answered(), { signal })
      document.addEventListener("click", (event) => this.#follow(event), { signal })
      addEventListener("beforeunload", (event) => this.#unsafe && event.preventDefault(), {
        signal,
      })
      document.addEventListener("journal:locks", () => this.#save(), { signal })
      addEventListener("pagehide", () => this.#leave(), { signal })
      document.addEventListener("visibilitychange", () => document.hidden && this.#leave(), {
        signal,
      })
      this.#count()
      if (this.text.autofocus) this.text.setSelectionRange(this.#kept.length, this.#kept.length)
    }

    disconnectedCallback() {
      this.#leave() // closed by its reader: the last words typed are not lost either
      this.#ac.abort()
      clearTimeout(this.#timer)
    }

    get form() {
      return this.closest("form")
    }

    get text() {
      return this.querySelector("textarea")
    }

    #changed() {
      this.#count()
      this.#typed = performance.now()
      this.#since ||= this.#typed
      const longest = this.#since + AT_LEAST - performance.now()
      this.#later(Math.max(0, Math.min(PAUSE, longest)))
      this.#show("pending")
    }

    #later(wait) {
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.#save(), wait)
    }

    get #dirty() {
      return !this.#sent && this.text.value !== this.#kept
    }

    /** Leaving now would lose words. */
    get #unsafe() {
      return this.#dirty && (this.#failed || bytes(this.text.value) > AT_THE_END)
    }

    async #save() {
      if (!this.#dirty) return
      if (this.#saving) return this.#later(PAUSE)
      const text = this.text.value
      const slow = setTimeout(() => this.#show("saving", this.dataset.saySaving), 800)
      this.#since = 0
      this.#saving = this.#put()
      const { state, sentence } = await this.#saving
      this.#saving = undefined
      clearTimeout(slow)
      this.#failed = state !== "saved"
      if (!this.isConnected || this.#sent) return
      if (state === "saved") this.#kept = text
      else this.#later(AGAIN)
      if (state !== "saved" || !this.#dirty) this.#show(state, sentence)
    }

    /** Sends the form's fields as they stand; never throws. */
    async #put(keepalive = false) {
      try {
        // What only a timer sends must not keep the journal open.
        const alone = performance.now() - this.#typed > THERE ? { "X-Unattended": "1" } : {}
        // Multipart: percent-encoding would take a long text past the 64 KiB that keepalive allows.
        const answer = await fetch(this.dataset.url, {
          method: "PUT",
          body: new FormData(this.form),
          headers: { "HX-Request": "true", "HX-Request-Type": "partial", ...alone },
          keepalive,
        })
        const page = new DOMParser().parseFromString(await answer.text(), "text/html")
        const sentence = page.querySelector(".saved-mark, [data-sentence]")?.textContent.trim()
        if (answer.ok) return { state: "saved", sentence }
        const locked = answer.status === 401 || answer.status === 403
        const failed = locked ? this.dataset.sayLocked : this.dataset.sayFailed
        return { state: "failed", sentence: sentence || failed }
      } catch {
        return { state: "failed", sentence: this.dataset.sayFailed }
      }
    }

    #leave() {
      if (this.#dirty) this.#put(true)
    }

    #key(event) {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return
      event.preventDefault()
      this.form.requestSubmit()
    }

    /** Another form leaves the page, perhaps to lock the journal: what is typed is kept before. */
    #first(event) {
      const { target, submitter } = event
      if (target.matches("[hx-post], [hx-put], [hx-delete]") || !this.#holds(target)) return
      stop(event)
      this.#hold(target, () => target.requestSubmit(submitter))
    }

    /** So does a link, or the page it leads to could be made before the last words arrive. */
    #follow(event) {
      const link = event.target.closest("a[href]")
      if (link?.matches("[data-discard]") && this.form.contains(link)) this.#sent = true
      const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
      if (!(link && plain) || event.button || event.defaultPrevented || link.target) return
      const stays = link.pathname === location.pathname && link.hash
      if (link.origin !== location.origin || stays || !this.#holds(link)) return
      event.preventDefault()
      this.#hold(link, () => link.click())
    }

    /** Whether there is something to wait for. Whoever has waited goes on, come of it what may. */
    #holds(who) {
      if (this.#goes !== who) return Boolean(this.#holding || this.#dirty || this.#saving)
      this.#goes = undefined
      return false
    }

    async #hold(who, go) {
      if (this.#holding) return
      this.#holding = true
      await this.#settle()
      this.#holding = false
      this.#goes = who
      go()
    }

    /** Tries once to keep what is typed. */
    async #settle() {
      const trying = Promise.resolve(this.#saving).then(() => this.#save())
      await Promise.race([trying, new Promise((go) => setTimeout(go, LONGEST_WAIT))])
    }

    /** A draft under way is let through first, or it could come back after the entry is kept. */
    async #submit(event) {
      if (event.target !== this.form) return this.#first(event)
      if (this.#sent) return stop(event)
      if (!this.#saving) {
        this.#sent = true
        this.text.readOnly = true
        clearTimeout(this.#timer)
        return
      }
      stop(event)
      await Promise.race([this.#saving, new Promise((done) => setTimeout(done, LONGEST_WAIT))])
      this.#saving = undefined
      this.form.requestSubmit(event.submitter)
    }

    /** Still here after an answer: it was not kept, so the text stays and is a draft again. */
    #answered() {
      if (!this.isConnected) return
      this.#sent = false
      this.text.readOnly = false
      if (this.#dirty) this.#later(PAUSE)
    }

    #show(state, sentence) {
      const place = this.querySelector("[data-saved]")
      place.dataset.state = state
      if (sentence !== undefined && place.textContent !== sentence) place.textContent = sentence
    }

    #count() {
      const left = Number(this.dataset.limit) - bytes(this.text.value)
      const place = this.querySelector("[data-left]")
      const over = left < 0 ? this.dataset.sayOver.replace("{n}", (-left).toLocaleString()) : ""
      this.text.setCustomValidity(over)
      if (over) this.text.setAttribute("aria-invalid", "true")
      else this.text.removeAttribute("aria-invalid")
      if (left < NEAR) {
        place.dataset.state = over ? "over" : "near"
        place.textContent = over || this.dataset.sayLeft.replace("{n}", left.toLocaleString())
      } else if (place.dataset.state) {
        delete place.dataset.state
        place.textContent = ""
      }
    }
  },
)

function stop(event) {
  event.preventDefault()
  event.stopImmediatePropagation()
}

/** UTF-8 bytes, without encoding the whole text at each key unless it is long. */
function bytes(text) {
  return text.length * 3 < 60_000 ? text.length : new TextEncoder().encode(text).length
}
