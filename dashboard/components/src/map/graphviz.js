// Asks Graphviz for a layout in its own terms and reads its answer; nodes go by number, so no name can be taken for markup.

/** Above this many edges labels get no room of their own in the layout: it would take ten times as long. */
export const DENSE = 160

const POINTS_PER_INCH = 72
const space = width => `<table border="0" cellborder="0" cellspacing="0" cellpadding="0"><tr><td fixedsize="true" width="${Math.ceil(width)}" height="15"></td></tr></table>`

/** `graph` holds sized nodes `{id, kind, w, h}` and edges `{source, target, events, label_w, line}`. */
export function question (graph, direction) {
  const most = Math.max(1, ...graph.edges.map(e => e.events)), dense = graph.edges.length > DENSE
  const only = kind => graph.nodes.filter(n => n.kind === kind).map(n => ({ name: 'n' + n.id }))
  return {
    directed: true,
    graphAttributes: {
      rankdir: direction, nodesep: dense ? 0.28 : 0.36, ranksep: direction === 'LR' ? 0.34 : 0.3, splines: 'true', remincross: 'true'
    },
    nodes: graph.nodes.map(n => ({
      name: 'n' + n.id,
      attributes: { label: '', shape: n.kind === 'activity' ? 'box' : 'circle', fixedsize: true, width: n.w / POINTS_PER_INCH, height: n.h / POINTS_PER_INCH }
    })),
    edges: graph.edges.map((e, i) => ({
      tail: 'n' + e.source,
      head: 'n' + e.target,
      attributes: {
        id: 'e' + i,
        arrowsize: 0.62 + e.line * 0.07,
        weight: 1 + Math.round(24 * e.events / most) + (graph.backbone.has(e.id) ? 3 : 0),
        ...(e.label_w && !dense ? { label: { html: space(e.label_w) } } : {})
      }
    })),
    subgraphs: [{ graphAttributes: { rank: 'source' }, nodes: only('start') }, { graphAttributes: { rank: 'sink' }, nodes: only('end') }]
  }
}

/** Graphviz's JSON as `{width, height, nodes: Map id → {x, y}, edges: [{curve, tip, label}]}`, y pointing down. */
export function answer (json, graph) {
  const [, , width, height] = json.bb.split(',').map(Number)
  const point = text => {
    const [x, y] = text.split(',').map(Number)
    return { x, y: height - y }
  }
  const nodes = new Map(), edges = []
  for (const object of json.objects ?? []) if (object.pos && /^n\d+$/.test(object.name)) nodes.set(Number(object.name.slice(1)), point(object.pos))
  for (const edge of json.edges ?? []) {
    const curve = []
    let tip = null
    for (const part of edge.pos.split(' ')) {
      if (part.startsWith('e,')) tip = point(part.slice(2))
      else if (!part.startsWith('s,')) curve.push(point(part))
    }
    edges[Number(edge.id.slice(1))] = { curve, tip: tip ?? curve[curve.length - 1], label: edge.lp ? point(edge.lp) : null }
  }
  if (nodes.size !== graph.nodes.length || edges.length !== graph.edges.length) throw new Error('Graphviz answered for another graph')
  return { width, height, nodes, edges }
}
