// Asks Graphviz for a layout in its own terms and reads its answer; nodes go by number, so no name can be taken for markup.

import { mainDirection } from './order.js'

/** Above this many edges labels get no room of their own in the layout: it would take ten times as long. */
export const DENSE = 140

const POINTS_PER_INCH = 72
/** Room for a label; above a line that runs across there must be more of it than beside one that runs down. */
const space = (width, direction) =>
  `<table border="0" cellborder="0" cellspacing="0" cellpadding="0"><tr><td fixedsize="true" width="${Math.ceil(width)}" height="${direction === 'LR' ? 23 : 15}"></td></tr></table>`

/** `graph` holds sized nodes `{id, kind, w, h}` and edges `{source, target, events, label_w, line}`. */
export function question (graph, direction) {
  const most = Math.max(1, ...graph.edges.map(e => e.events)), dense = graph.edges.length > DENSE
  const order = mainDirection(graph.nodes, graph.edges, graph.start, graph.end), position = new Map(order.map((id, i) => [id, i]))
  const byId = new Map(graph.nodes.map(n => [n.id, n]))
  const only = kind => graph.nodes.filter(n => n.kind === kind).map(n => ({ name: 'n' + n.id }))
  return {
    directed: true,
    graphAttributes: {
      rankdir: direction, nodesep: dense ? 0.28 : 0.36, ranksep: direction === 'LR' ? 0.34 : 0.3, splines: 'true',
      ...(dense ? { nslimit: 1, nslimit1: 1, mclimit: 0.2 } : {})
    },
    nodes: order.map(id => byId.get(id)).map(n => ({
      name: 'n' + n.id,
      attributes: { label: '', shape: n.kind === 'start' || n.kind === 'end' ? 'circle' : 'box', fixedsize: true, width: n.w / POINTS_PER_INCH, height: n.h / POINTS_PER_INCH }
    })),
    // What runs backwards is handed over turned round, so that ranks follow the main direction; `answer` turns it back.
    edges: graph.edges.map((e, i) => [e, i, position.get(e.source) > position.get(e.target)]).map(([e, i, back]) => ({
      tail: 'n' + (back ? e.target : e.source),
      head: 'n' + (back ? e.source : e.target),
      attributes: {
        id: 'e' + i,
        dir: back ? 'back' : 'forward',
        arrowsize: 0.62 + e.line * 0.07,
        weight: 1 + Math.round(24 * e.events / most) + (graph.backbone.has(e.id) ? 3 : 0),
        ...(e.label_w && !dense ? { label: { html: space(e.label_w, direction) } } : {})
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
    let tip = null, back = false
    for (const part of edge.pos.split(' ')) {
      if (/^[es],/.test(part)) {
        tip = point(part.slice(2))
        back = part[0] === 's'
      } else curve.push(point(part))
    }
    if (back) curve.reverse()
    edges[Number(edge.id.slice(1))] = { curve, tip: tip ?? curve[curve.length - 1], label: edge.lp ? { ...point(edge.lp), side: 1 } : null }
  }
  if (nodes.size !== graph.nodes.length || edges.length !== graph.edges.length) throw new Error('Graphviz answered for another graph')
  return { width, height, nodes, edges }
}
