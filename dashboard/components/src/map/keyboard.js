// Walks over the map by keyboard: arrows from card to card, brackets over the paths of a card; pure choosing.

const AHEAD = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }

/** The nearest node in the arrow's direction, or null. `nodes`: `[{id, x, y}]`. */
export function neighbour (nodes, from, key) {
  const [dx, dy] = AHEAD[key]
  let best = null, least = Infinity
  for (const node of nodes) {
    if (node.id === from.id) continue
    const ahead = (node.x - from.x) * dx + (node.y - from.y) * dy, aside = Math.abs((node.x - from.x) * dy) + Math.abs((node.y - from.y) * dx)
    if (ahead <= 4 || aside > 3 * ahead + 40) continue
    const cost = ahead + 2 * aside
    if (cost < least) [best, least] = [node, cost]
  }
  return best
}

/** The next (or previous) path at a node, paths leaving first, then those arriving, frequent before rare. */
export function nextPath (edges, node, current, step) {
  const at = edges.filter(e => e.source === node).sort((a, b) => b.events - a.events)
  at.push(...edges.filter(e => e.target === node && e.source !== node).sort((a, b) => b.events - a.events))
  if (!at.length) return null
  const i = at.findIndex(e => e.id === current)
  return at[i < 0 ? (step > 0 ? 0 : at.length - 1) : (i + step + at.length) % at.length]
}

export const isArrow = key => key in AHEAD
