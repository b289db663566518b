// Says in one line what widths and colours mean right now.

import { html, svg } from '../common/dom.js'
import { METRICS } from './metrics.js'

const line = (width, colour, dash) => svg('svg', { width: 26, height: 10, 'aria-hidden': 'true' },
  svg('line', { x1: 3, y1: 5, x2: 23, y2: 5, stroke: colour, 'stroke-width': width, 'stroke-linecap': 'round', 'stroke-dasharray': dash }))

function scale (stops) {
  const bar = html('span', { class: 'scale', 'aria-hidden': 'true' })
  bar.style.background = `linear-gradient(90deg, ${stops.join(', ')})`
  return bar
}

const dot = colour => svg('svg', { width: 10, height: 10, 'aria-hidden': 'true' }, svg('circle', { cx: 5, cy: 5, r: 4, fill: colour }))

/** The legend's content for a drawing; `replayed` adds what the tokens mean. */
export function legend (graph, metric, paint, theme, replayed) {
  const { kind, text, scale: words } = METRICS[metric], { low, high } = paint.range
  const item = (...children) => html('span', { class: 'item' }, ...children)
  const items = []
  if (kind === 'count') items.push(item(...(low < high ? [line(1.4, theme.lines[0]), text(low)] : []), line(5.5, theme.lines[2]), text(high), html('span', { class: 'words' }, words)))
  if (kind === 'time') items.push(item('fast', scale(paint.stops), text(high), html('span', { class: 'words' }, words)))
  if (kind === 'difference') {
    const reach = Math.max(Math.abs(low), Math.abs(high))
    items.push(item(text(-reach), scale(paint.stops), text(reach), html('span', { class: 'words' }, words)))
  }
  if (graph.edges.some(e => e.kind === 'added')) items.push(item(line(1.6, theme.lines[1], '3 4'), html('span', { class: 'words' }, 'added by hand')))
  if (graph.edges.some(e => e.kind === 'bridge')) items.push(item(line(1.6, theme.lines[1], '5 4'), html('span', { class: 'words' }, 'through hidden steps')))
  if (graph.edges.some(e => e.before && !e.events)) items.push(item(line(1.6, theme.less[1], '2 5'), html('span', { class: 'words' }, 'no longer seen')))
  if (replayed) items.push(item(dot(theme.token), html('span', { class: 'words' }, 'a case')), item(dot(theme.late), html('span', { class: 'words' }, 'a case that takes longer here than 9 in 10')))
  return items
}
