// The choice among the options beneath a field (a combobox): which one it is stands in the markup
// alone, where the style sheet and a screen reader find it.
export function chosen(list) {
  return list.querySelector('[aria-selected="true"]')
}

/** Chooses one of the options, or none, so that the field itself is it. */
export function choose(field, list, option) {
  chosen(list)?.setAttribute("aria-selected", "false")
  option?.setAttribute("aria-selected", "true")
  option?.scrollIntoView({ block: "nearest" })
  if (option) field.setAttribute("aria-activedescendant", option.id)
  else field.removeAttribute("aria-activedescendant")
}

/** Goes on to the next option, round and round; the field itself is one of the places. */
export function go(field, list, options, by) {
  const places = options.length + 1
  const next = (options.indexOf(chosen(list)) + 1 + by + places) % places
  choose(field, list, options[next - 1] ?? null)
}
