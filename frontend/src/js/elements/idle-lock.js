// Says, some minutes before the journal locks, that it will, and has what is typed kept first. The
// server alone locks; this asks it how long is left, which is no use of the session, and shows the
// door when there is no session any more. `data-idle` and `data-absolute` are the seconds that were
// left when the page was made.
const WARNS = 120
const LOOKS = 15

customElements.define(
  "idle-lock",
  class extends HTMLElement {
    #timer
    #ac
    #warns

    connectedCallback() {
      this.#ac = new AbortController()
      const { signal } = this.#ac
      const left = { idle: Number(this.dataset.idle), absolute: Number(this.dataset.absolute) }
      this.#warns = Math.min(WARNS, left.idle / 4)
      this.form.addEventListener("htmx:finally:request", () => this.#look(), { signal })
      // Timers sleep with the machine, so the server is asked again whenever the page is seen.
      document.addEventListener("visibilitychange", () => document.hidden || this.#look(), {
        signal,
      })
      this.#show(left)
    }

    disconnectedCallback() {
      this.#ac.abort()
      clearTimeout(this.#timer)
    }

    get form() {
      return this.querySelector("form")
    }

    async #look() {
      clearTimeout(this.#timer)
      try {
        const answer = await fetch(this.dataset.url, { signal: this.#ac.signal })
        if (answer.status === 401) return location.reload()
        this.#show(await answer.json())
      } catch {
        this.#later(LOOKS) // no server, no answer: it is asked again
      }
    }

    #show({ idle, absolute }) {
      const left = Math.min(idle, absolute)
      if (left > this.#warns) {
        this.form.hidden = true
        return this.#later(left - this.#warns)
      }
      if (this.form.hidden) document.dispatchEvent(new CustomEvent("journal:locks"))
      this.#say(left, absolute <= idle)
      this.form.hidden = false
      this.#later(Math.min(LOOKS, left + 1))
    }

    #say(left, forGood) {
      const { sayMinutes, sayMinute, sayEnd } = this.dataset
      const minutes = Math.max(1, Math.round(left / 60))
      const words = minutes === 1 ? sayMinute : sayMinutes.replace("{n}", minutes)
      const said = forGood ? `${words} ${sayEnd}` : words
      const place = this.querySelector("p")
      if (place.textContent !== said) place.textContent = said
      this.querySelector("button").hidden = forGood
    }

    #later(seconds) {
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.#look(), Math.min(seconds * 1000, 2 ** 31 - 1))
    }
  },
)
