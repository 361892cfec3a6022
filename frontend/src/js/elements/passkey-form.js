// Asks the browser for a passkey as its form is sent, and sends the answer along. `data-options`
// is what the server wants to know; with a `user` in it a passkey is made, else one is used. What
// the passkey's PRF says goes into a field of its own, where there is any.
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0))
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "")
const fromHex = (hex) => Uint8Array.from(hex.match(/../g), (pair) => Number.parseInt(pair, 16))
const named = (list = []) => list.map((each) => ({ ...each, id: bytes(each.id) }))

customElements.define(
  "passkey-form",
  class extends HTMLElement {
    connectedCallback() {
      const { prf, ...options } = JSON.parse(this.dataset.options)
      this.extensions = { prf: { eval: { first: fromHex(prf) } } }
      this.options = {
        ...options,
        challenge: bytes(options.challenge),
        extensions: this.extensions,
      }
      this.querySelector("[data-none]").hidden = "PublicKeyCredential" in window
      this.addEventListener("submit", this)
    }

    async handleEvent(event) {
      event.preventDefault()
      const button = this.querySelector("button")
      const failed = this.querySelector("[data-failed]")
      button.disabled = true
      failed.hidden = true
      try {
        await (this.options.user ? this.make() : this.use())
        event.target.submit()
      } catch {
        failed.hidden = false
      }
      button.disabled = false
    }

    async make() {
      const { user, excludeCredentials } = this.options
      const made = await navigator.credentials.create({
        publicKey: {
          ...this.options,
          user: { ...user, id: bytes(user.id) },
          excludeCredentials: named(excludeCredentials),
        },
      })
      const { prf } = made.getClientExtensionResults()
      this.fill(made, {
        attestationObject: text(made.response.attestationObject),
        transports: made.response.getTransports?.() ?? [],
      })
      this.keep(prf?.results?.first ?? (prf?.enabled ? await this.evaluated(made.rawId) : null))
    }

    // Many authenticators say what their PRF makes of it only when the passkey is used.
    async evaluated(id) {
      try {
        const used = await navigator.credentials.get({
          publicKey: {
            challenge: crypto.getRandomValues(new Uint8Array(32)),
            rpId: this.options.rp.id,
            allowCredentials: [{ id, type: "public-key" }],
            userVerification: "required",
            extensions: this.extensions,
          },
        })
        return used.getClientExtensionResults().prf?.results?.first
      } catch {
        return null
      }
    }

    async use() {
      const { allowCredentials } = this.options
      const used = await navigator.credentials.get({
        publicKey: { ...this.options, allowCredentials: named(allowCredentials) },
      })
      const { authenticatorData, signature, userHandle } = used.response
      this.fill(used, {
        authenticatorData: text(authenticatorData),
        signature: text(signature),
        userHandle: userHandle ? text(userHandle) : undefined,
      })
      this.keep(used.getClientExtensionResults().prf?.results?.first)
    }

    fill(credential, response) {
      const { id, rawId, type } = credential
      const clientDataJSON = text(credential.response.clientDataJSON)
      this.querySelector("[name=passkey]").value = JSON.stringify({
        id,
        rawId: text(rawId),
        type,
        response: { clientDataJSON, ...response },
      })
    }

    keep(secret) {
      this.querySelector("[name=prf]").value = secret ? text(secret) : ""
    }
  },
)
