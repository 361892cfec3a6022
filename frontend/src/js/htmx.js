// The one place that knows where htmx lies.
export { default } from "../vendored/htmx/htmx.esm.min.js"
