// A form that may be sent again (`data-again`) gets a new key once its answer has come: the same key
// twice is the same submission, and a second wish to be answered is not.
document.addEventListener("htmx:after:request", ({ detail }) => {
  const { sourceElement, response } = detail.ctx
  if (!(response.raw.ok && sourceElement.matches("form[data-again]"))) return
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  sourceElement.elements.key.value = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(
    "",
  )
})
