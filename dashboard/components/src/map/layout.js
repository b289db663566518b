// Finds places for nodes, edges and labels: by Graphviz in a worker, or by dagre where that cannot be had.

import dagre from '@dagrejs/dagre'
import { placeLabels, shorten, smooth } from './geometry.js'
import { answer, question } from './graphviz.js'
import { mainDirection } from './order.js'

const DEADLINE_MS = 12000
const MARGIN = 22

let worker, asked = 0, graphvizWorks = true
const waiting = new Map()

function stop (reason) {
  worker?.terminate()
  worker = undefined
  for (const { reject } of waiting.values()) reject(new Error(reason))
  waiting.clear()
}

function start (url) {
  worker = new Worker(url)
  worker.onerror = event => stop(event.message || 'the worker could not be started')
  worker.onmessage = ({ data }) => {
    const promise = waiting.get(data.id)
    waiting.delete(data.id)
    if (data.error) promise?.reject(new Error(data.error))
    else promise?.resolve(data.json)
  }
}

function ask (assets, question) {
  return new Promise((resolve, reject) => {
    if (!worker) start(assets.worker)
    const id = ++asked, timer = setTimeout(() => stop('no layout within its time'), DEADLINE_MS)
    const settle = then => value => { clearTimeout(timer); then(value) }
    waiting.set(id, { resolve: settle(resolve), reject: settle(reject) })
    worker.postMessage({ id, viz: assets.viz, question })
  })
}

/** The same answer as `graphviz.answer`, from dagre. */
export function byDagre (graph, direction) {
  const most = Math.max(1, ...graph.edges.map(e => e.events))
  const g = new dagre.graphlib.Graph({ multigraph: true })
  g.setGraph({ rankdir: direction, nodesep: 30, ranksep: 28, edgesep: 14, ranker: graph.edges.length > 150 ? 'longest-path' : 'network-simplex' })
  g.setDefaultEdgeLabel(() => ({}))
  const order = mainDirection(graph.nodes, graph.edges, graph.start, graph.end), position = new Map(order.map((id, i) => [id, i]))
  const sizes = new Map(graph.nodes.map(n => [n.id, { width: n.w, height: n.h }]))
  for (const id of order) g.setNode('n' + id, sizes.get(id))
  const ends = e => position.get(e.source) > position.get(e.target) ? ['n' + e.target, 'n' + e.source] : ['n' + e.source, 'n' + e.target]
  graph.edges.forEach((e, i) => g.setEdge(...ends(e), {
    width: e.label_w || 4, height: 15, labelpos: 'r', labeloffset: 4, weight: 1 + Math.round(24 * e.events / most)
  }, 'e' + i))
  dagre.layout(g)
  const nodes = new Map(graph.nodes.map(n => [n.id, { x: g.node('n' + n.id).x, y: g.node('n' + n.id).y }]))
  const edges = graph.edges.map((e, i) => {
    const [tail] = ends(e), { points, x, y } = g.edge(...ends(e), 'e' + i)
    const curve = smooth(tail === 'n' + e.source ? points : [...points].reverse())
    return { curve: shorten(curve, 7 + e.line * 0.6), tip: curve[curve.length - 1], label: x == null ? null : { x, y, side: 1 } }
  })
  return { width: g.graph().width, height: g.graph().height, nodes, edges }
}

/** Moves everything so that nothing, curves included, lies outside `0 … width` and `0 … height`. */
function framed (layout, graph) {
  let [left, top, right, bottom] = [0, 0, layout.width, layout.height]
  const stretch = (x0, y0, x1, y1) => {
    left = Math.min(left, x0); top = Math.min(top, y0); right = Math.max(right, x1); bottom = Math.max(bottom, y1)
  }
  layout.edges.forEach(({ curve, label }, i) => {
    for (const p of curve) stretch(p.x, p.y, p.x, p.y)
    if (label) stretch(label.x - graph.edges[i].label_w / 2, label.y - 8, label.x + graph.edges[i].label_w / 2, label.y + 8)
  })
  const shift = p => p && { ...p, x: p.x - left + MARGIN, y: p.y - top + MARGIN }
  return {
    width: right - left + 2 * MARGIN,
    height: bottom - top + 2 * MARGIN,
    nodes: new Map([...layout.nodes].map(([id, p]) => [id, shift(p)])),
    edges: layout.edges.map(({ curve, tip, label }) => ({ curve: curve.map(shift), tip: shift(tip), label: shift(label) }))
  }
}

function labelled (layout, graph) {
  const order = graph.edges.map((e, i) => i).filter(i => graph.edges[i].label_w && !layout.edges[i].label)
  if (!order.length) return layout
  order.sort((a, b) => graph.edges[b].events - graph.edges[a].events)
  const boxes = graph.nodes.map(n => ({ ...layout.nodes.get(n.id), w: n.w + 6, h: n.h + 6 }))
  graph.edges.forEach((e, i) => { if (layout.edges[i].label) boxes.push({ ...layout.edges[i].label, w: e.label_w, h: 15 }) })
  const places = placeLabels(order.map(i => ({ curve: layout.edges[i].curve, w: graph.edges[i].label_w, h: 14 })), boxes)
  order.forEach((i, k) => { layout.edges[i].label = places[k] })
  return layout
}

/** `{engine, direction, width, height, nodes, edges}`; `direction` is `TB` or `LR`. */
export async function layout (graph, direction, assets) {
  if (graphvizWorks && assets?.worker) {
    try {
      const json = await ask(assets, question(graph, direction))
      return { engine: 'graphviz', direction, ...framed(labelled(answer(json, graph), graph), graph) }
    } catch (error) {
      if (!/within its time/.test(error.message)) graphvizWorks = false
      console.info('Process map: laid out by dagre, since Graphviz gave no answer:', error.message)
    }
  }
  return { engine: 'dagre', direction, ...framed(labelled(byDagre(graph, direction), graph), graph) }
}
