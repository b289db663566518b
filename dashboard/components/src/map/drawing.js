// Draws a laid-out graph as SVG. Every name is text; colours are attributes, so that a saved picture looks the same.

import { svg } from '../common/dom.js'
import { arrow, draw } from './geometry.js'
import { edgeFacts, METRICS, nodeCaption, nodeFacts } from './metrics.js'

const spoken = facts => facts.map(([term, figure]) => `${term} ${figure}`).join(', ')

/** Words for a screen reader. */
export const nodeWords = node => ({ activity: 'Activity ', added: 'Step added by hand ' }[node.kind] ?? '') + `${node.name}: ${spoken(nodeFacts(node))}`
export const edgeWords = (edge, names) => `Path from ${names.get(edge.source)} to ${names.get(edge.target)}: ${spoken(edgeFacts(edge))}`

function drawEdge (edge, place, paint, names) {
  const gone = edge.before && !edge.events
  const colour = paint.line(edge), width = gone ? 2 : paint.width(edge), d = draw(place.curve)
  const dash = { bridge: '6 5', added: '3 4', start: '1 6', end: '1 6' }[edge.kind]
  return svg('g', { class: 'edge', 'data-edge': edge.id, role: 'button', tabindex: -1, 'aria-label': edgeWords(edge, names) },
    svg('path', { class: 'hit', d, fill: 'none', stroke: 'transparent', 'stroke-width': Math.max(14, width + 8) }),
    svg('path', {
      class: 'line', d, fill: 'none', stroke: colour, 'stroke-width': width.toFixed(2), 'stroke-linecap': 'round', 'stroke-dasharray': gone ? '2 6' : dash
    }),
    svg('path', { class: 'head', d: arrow(place.curve[place.curve.length - 1], place.tip, 4.6 + width * 1.25), fill: colour }))
}

/** The figure keeps to the side of its reserved room where the line is; between layers that run across it is centred. */
function drawLabel (edge, place, direction, metric, theme) {
  if (!place.label || !edge.label) return null
  const side = direction === 'TB' ? place.label.side : 0
  return svg('text', {
    class: 'label', 'data-edge': edge.id, x: place.label.x - side * (edge.label_w / 2 - 5 - edge.line / 2), y: place.label.y + 4,
    'text-anchor': side > 0 ? 'start' : side < 0 ? 'end' : 'middle', 'font-size': 12, 'font-weight': 600,
    fill: METRICS[metric].kind === 'count' ? theme.muted : theme.ink,
    stroke: theme.background, 'stroke-width': 4, 'stroke-linejoin': 'round', 'paint-order': 'stroke'
  }, edge.label)
}

function drawMarker (node, theme) {
  const colour = node.kind === 'start' ? theme.start : theme.end
  return [
    svg('circle', { class: 'ring', r: 20, fill: 'none', stroke: theme.accent, 'stroke-width': 2 }),
    svg('circle', { class: 'card', r: 15, fill: node.kind === 'start' ? colour : theme.background, stroke: colour, 'stroke-width': node.kind === 'start' ? 1.5 : 2.5 }),
    node.kind === 'start'
      ? svg('path', { d: 'M-4.5,-6.5L7,0L-4.5,6.5Z', fill: theme.background, 'stroke-linejoin': 'round' })
      : svg('rect', { x: -5.5, y: -5.5, width: 11, height: 11, rx: 1.5, fill: colour })
  ]
}

function drawCard (node, metric, paint, theme) {
  const fill = paint.card(node), ink = paint.on(fill), { w, h } = node
  const caption = nodeCaption(metric, node)
  const top = -h / 2 + 20.5
  return [
    svg('rect', { class: 'ring', x: -w / 2 - 4.5, y: -h / 2 - 4.5, width: w + 9, height: h + 9, rx: 13, fill: 'none', stroke: theme.accent, 'stroke-width': 2 }),
    svg('rect', { class: 'card', x: -w / 2, y: -h / 2, width: w, height: h, rx: 9, fill, stroke: theme.outline, 'stroke-width': node.kind === 'added' ? 1.5 : 1, 'stroke-dasharray': node.kind === 'added' ? '5 4' : null }),
    ...node.lines.map((line, i) => svg('text', {
      class: 'name', x: 0, y: top + 16.5 * i, 'text-anchor': 'middle', 'font-size': 13.5, 'font-weight': 600, fill: ink, style: 'unicode-bidi:plaintext'
    }, line)),
    svg('text', { class: 'caption', x: 0, y: h / 2 - 10, 'text-anchor': 'middle', 'font-size': 11.5, fill: ink, 'fill-opacity': 0.9 }, caption)
  ]
}

function drawNode (node, at, metric, paint, theme) {
  return svg('g', {
    class: 'node ' + node.kind, 'data-node': node.id, 'data-name': node.kind === 'activity' ? node.name : null, role: 'button', tabindex: -1,
    'aria-label': nodeWords(node), transform: `translate(${at.x.toFixed(1)},${at.y.toFixed(1)})`
  }, ...(node.lines ? drawCard(node, metric, paint, theme) : drawMarker(node, theme)))
}

/** A `<g>` with everything in it, lines below labels below cards, frequent paths above rare ones. */
export function drawing (graph, layout, metric, paint, theme) {
  const names = new Map(graph.nodes.map(n => [n.id, n.name]))
  const order = graph.edges.map((e, i) => i).sort((a, b) => paint.width(graph.edges[a]) - paint.width(graph.edges[b]))
  return svg('g', { class: 'drawing' },
    svg('g', { class: 'edges' }, ...order.map(i => drawEdge(graph.edges[i], layout.edges[i], paint, names))),
    svg('g', { class: 'labels' }, ...graph.edges.map((e, i) => drawLabel(e, layout.edges[i], layout.direction, metric, theme))),
    svg('g', { class: 'nodes' }, ...graph.nodes.map(n => drawNode(n, layout.nodes.get(n.id), metric, paint, theme))))
}
