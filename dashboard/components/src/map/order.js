// Orders activities along the main direction of the process; pure.

/**
 * Node ids from start to end so that little runs backwards: the greedy heuristic of Eades, Lin and Smyth (1993) for
 * the minimum feedback arc set, with frequencies as weights.
 */
export function mainDirection (nodes, edges, start, end) {
  const left = [start], right = [end]
  const open = new Map(nodes.filter(n => n.id !== start && n.id !== end).map(n => [n.id, { in: 0, out: 0, edges: [] }]))
  for (const edge of edges) {
    if (edge.source === edge.target) continue
    const from = open.get(edge.source), to = open.get(edge.target)
    if (!from || !to) continue
    const weight = Math.max(edge.events, edge.before?.events ?? 0, 0.5)
    from.out += weight
    to.in += weight
    from.edges.push([edge.target, weight, 'in'])
    to.edges.push([edge.source, weight, 'out'])
  }
  const take = id => {
    for (const [other, weight, side] of open.get(id).edges) if (open.has(other)) open.get(other)[side] -= weight
    open.delete(id)
  }
  const nothing = x => x < 1e-9
  while (open.size) {
    let best = null, most = -Infinity, last = false
    for (const [id, node] of open) {
      if (nothing(node.in)) { best = id; last = false; break }
      if (nothing(node.out)) { best = id; last = true; break }
      if (node.out - node.in > most) [best, most] = [id, node.out - node.in]
    }
    if (last) right.unshift(best)
    else left.push(best)
    take(best)
  }
  return [...left, ...right]
}
