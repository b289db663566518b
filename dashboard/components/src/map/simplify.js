// Chooses which activities and paths a map shows, so that every shown activity still lies between start and end.

const weight = edge => Math.max(edge.events, edge.before?.events ?? 0)
const size = node => Math.max(node.events, node.before?.events ?? 0)

/**
 * For every node reachable from `root`, the edge on its widest path (the path whose rarest edge is most frequent).
 * Prim's rule on directed edges; `forward` follows edges from source to target, else backwards.
 */
export function widestTree (edges, root, forward = true) {
  const [tail, head] = forward ? ['source', 'target'] : ['target', 'source']
  const leaving = new Map()
  for (const edge of edges) {
    if (edge.source === edge.target) continue
    if (!leaving.has(edge[tail])) leaving.set(edge[tail], [])
    leaving.get(edge[tail]).push(edge)
  }
  const tree = new Map(), reached = new Set([root]), fringe = [...(leaving.get(root) ?? [])]
  while (fringe.length) {
    let best = 0
    for (let i = 1; i < fringe.length; i++) if (weight(fringe[i]) > weight(fringe[best])) best = i
    const [edge] = fringe.splice(best, 1)
    if (reached.has(edge[head])) continue
    reached.add(edge[head])
    tree.set(edge[head], edge)
    fringe.push(...(leaving.get(edge[head]) ?? []).filter(next => !reached.has(next[head])))
  }
  return tree
}

/** A dashed edge that stands for a way through hidden activities, for a node that would else hang loose. */
function bridge (graph, tree, node, kept, forward) {
  const via = []
  let edge = tree.get(node)
  while (edge) {
    const next = forward ? edge.source : edge.target
    if (kept.has(next)) {
      const [source, target] = forward ? [next, node] : [node, next]
      return {
        id: source + '>' + target, source, target, kind: 'bridge', events: 0, cases: 0, share: 0,
        mean_s: null, median_s: null, p90_s: null, total_s: null, before: null,
        via: (forward ? via.reverse() : via).map(id => graph.nodes[id].name)
      }
    }
    via.push(next)
    edge = tree.get(next)
  }
  return null
}

/**
 * The graph at `activities` and `paths` per cent (0–100), with the `nodes` and `edges` that are kept, `all` nodes by
 * their id, and `backbone`, the least that holds all shown activities together. The most frequent activities stay; of the paths among them stay the backbone
 * and the most frequent others.
 */
export function simplify (graph, { activities = 100, paths = 100 } = {}) {
  const ranked = graph.nodes.filter(n => n.kind === 'activity').sort((a, b) => size(b) - size(a) || a.id - b.id)
  const count = ranked.length && Math.max(1, Math.round(ranked.length * activities / 100))
  const kept = new Set([graph.start, graph.end, ...ranked.slice(0, count).map(n => n.id)])
  const among = graph.edges.filter(e => kept.has(e.source) && kept.has(e.target))

  const backbone = new Map()
  for (const forward of [true, false]) {
    const root = forward ? graph.start : graph.end
    const direct = widestTree(among, root, forward), whole = widestTree(graph.edges, root, forward)
    for (const node of kept) {
      if (node === graph.start || node === graph.end) continue
      const edge = direct.get(node) ?? bridge(graph, whole, node, kept, forward)
      if (edge && !backbone.has(edge.id)) backbone.set(edge.id, edge)
    }
  }
  const order = among.sort((a, b) => weight(b) - weight(a) || (a.id < b.id ? -1 : 1))
  const shown = new Map(backbone)
  for (const edge of order.slice(0, Math.round(order.length * paths / 100))) shown.set(edge.id, edge)
  const added = graph.added.filter(({ node, edges }) => edges.every(e => [e.source, e.target].every(id => id === node.id || kept.has(id))))
  return {
    ...graph,
    all: [...graph.nodes, ...graph.added.map(step => step.node)],
    nodes: [...graph.nodes.filter(n => kept.has(n.id)), ...added.map(step => step.node)],
    edges: [...shown.values(), ...added.flatMap(step => step.edges)],
    backbone: new Set(backbone.keys()),
    activitiesTotal: ranked.length,
    activitiesShown: count,
    pathsTotal: among.length
  }
}

/** The slider settings a map opens with: few enough activities and paths to read, most of the behaviour still there. */
export function opening (graph, { activities = 20, paths = 36, coverage = 0.85 } = {}) {
  const all = graph.nodes.filter(n => n.kind === 'activity').length
  const share = all <= activities ? 100 : Math.ceil(100 * activities / all)
  const { edges } = simplify(graph, { activities: share, paths: 100 })
  const sizes = edges.map(weight).sort((a, b) => b - a)
  const whole = sizes.reduce((sum, n) => sum + n, 0)
  let seen = 0, k = 0
  while (k < sizes.length && k < paths && seen < coverage * whole) seen += sizes[k++]
  return { activities: share, paths: sizes.length <= 16 ? 100 : Math.min(100, Math.ceil(100 * k / sizes.length)) }
}
