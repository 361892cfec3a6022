// A month of the calendar, whose written days are told of by a tip. A second tap opens the day.
import { DayTips } from "../day-tips.js"

customElements.define(
  "month-tips",
  class extends DayTips {
    get days() {
      return "a[data-written]"
    }

    tapped(event) {
      const day = super.tapped(event)
      return day === this.told ? undefined : day
    }
  },
)
