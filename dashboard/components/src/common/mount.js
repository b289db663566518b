// Keeps one controller per mounted element: Streamlit calls the module again for every new data or theme.

const live = new WeakMap()

/**
 * The default export of a component.
 * `create(root, send)` makes a controller with `update(data)` and `destroy()`; `send(name, value)` tells Python.
 * A call that was overtaken while it loaded hands in its clean-up late; only the newest call may take the element down.
 */
export function mounting (selector, create) {
  return function mount ({ data, parentElement, setTriggerValue }) {
    const root = parentElement.querySelector(selector)
    if (!root || !data) return
    let entry = live.get(root)
    if (!entry) {
      entry = { calls: 0, send: setTriggerValue }
      entry.controller = create(root, (name, value) => entry.send(name, value))
      live.set(root, entry)
    }
    const call = ++entry.calls
    entry.send = setTriggerValue
    entry.controller.update(data)
    return () => {
      if (call !== entry.calls || live.get(root) !== entry) return
      entry.controller.destroy()
      root.replaceChildren()
      live.delete(root)
    }
  }
}
