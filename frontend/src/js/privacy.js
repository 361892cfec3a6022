// A private page blanks itself as it is left, and asks the server again when the browser shows it
// from its memory: after a lock, Back must show nothing.
if (document.body.hasAttribute("data-private")) {
  addEventListener("pagehide", () => {
    document.body.hidden = true
  })
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload()
  })
}
