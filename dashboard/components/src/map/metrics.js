// What the map can show on nodes and edges: each metric's figure, its words, and whether it is a count, a time or a difference.

import { uncounted } from './graph.js'
import { counted, duration, full, percent, points, short, signedDuration } from '../common/format.js'

const gain = (now, before) => now == null || before == null ? null : now - before

/** `edge` and `node` give the figure (null: nothing to show), `text` its label, `kind` the family of colours. */
export const METRICS = {
  events: { label: 'Frequency', kind: 'count', scale: 'times the path was taken', edge: e => e.events, node: n => n.events, text: short },
  cases: { label: 'Cases', kind: 'count', scale: 'cases that took the path', edge: e => e.cases, node: n => n.cases, text: short },
  median: { label: 'Median time', kind: 'time', scale: 'median time between the steps', edge: e => e.median_s, node: n => n.median_s, text: duration },
  p90: { label: '90th percentile time', kind: 'time', scale: 'time that 9 in 10 stay below', edge: e => e.p90_s, node: () => null, text: duration },
  mean: { label: 'Mean time', kind: 'time', scale: 'mean time between the steps', edge: e => e.mean_s, node: () => null, text: duration },
  total: { label: 'Total time', kind: 'time', scale: 'time of all cases together', edge: e => e.total_s, node: () => null, text: duration },
  difference: {
    label: 'Change in cases', kind: 'difference', scale: 'share of cases, in percentage points', compared: true,
    edge: e => gain(e.share, e.before?.share), node: n => gain(n.share, n.before?.share), text: points
  },
  difference_time: {
    label: 'Change in median time', kind: 'difference', scale: 'median time between the steps', compared: true, worse: true,
    edge: e => gain(e.median_s, e.before?.median_s), node: () => null, text: signedDuration
  }
}

/** A difference too small to speak of. */
const unchanged = (metric, value) => Math.abs(value) < (metric === 'difference' ? 0.0005 : 1)

/** The figure beside an edge, or nothing. */
export function edgeLabel (metric, edge) {
  const value = uncounted(edge) ? null : METRICS[metric].edge(edge)
  if (value == null || (METRICS[metric].kind === 'difference' && unchanged(metric, value))) return ''
  return METRICS[metric].text(value)
}

/** The second line of a node's card. */
export function nodeCaption (metric, node) {
  if (node.kind === 'added') return 'added by hand'
  const value = METRICS[metric].node(node)
  if (METRICS[metric].kind === 'difference') return value == null || unchanged(metric, value) ? `${percent(node.share)} of cases` : METRICS[metric].text(value) + ' of cases'
  if (METRICS[metric].kind === 'time' && value != null) return duration(value)
  return metric === 'cases' ? counted(node.cases, 'case') : full(node.events) + (node.events === 1 ? ' time' : ' times')
}

/** Everything known about a node, as `[term, figure]` rows for the tooltip. */
export function nodeFacts (node) {
  if (node.kind === 'added') {
    const rows = [['Known from', node.evidence]]
    if (node.typical_s != null) rows.push(['Usually takes', duration(node.typical_s)])
    if (node.role) rows.push(['Done by', node.role])
    return rows
  }
  const rows = node.kind === 'activity'
    ? [['Times', full(node.events)], ['Cases', `${full(node.cases)} (${percent(node.share)})`]]
    : [['Cases', full(node.cases)]]
  if (node.kind === 'activity' && node.cases) rows.push(['Per case', (node.events / node.cases).toFixed(2)])
  if (node.median_s != null) rows.push(['Median duration', duration(node.median_s)])
  if (node.before && node.kind === 'activity') rows.push(['Before', `${percent(node.before.share)} of cases`], ['Change', points(node.share - node.before.share)])
  return rows
}

/** Everything known about an edge, as `[term, figure]` rows for the tooltip. */
export function edgeFacts (edge) {
  if (edge.kind === 'added') return [['Known from', 'added by hand, not observed']]
  if (edge.kind === 'bridge') return [['Through hidden steps', edge.via.join(', ') || '–']]
  const rows = [['Times', full(edge.events)], ['Cases', `${full(edge.cases)} (${percent(edge.share)})`]]
  if (edge.median_s != null) rows.push(['Median', duration(edge.median_s)], ['Mean', duration(edge.mean_s)], ['90th percentile', duration(edge.p90_s)], ['Total', duration(edge.total_s)])
  if (edge.before) {
    rows.push(['Before', `${percent(edge.before.share)} of cases`], ['Change', points(edge.share - edge.before.share)])
    const change = gain(edge.median_s, edge.before.median_s)
    if (change != null) rows.push(['Median before', duration(edge.before.median_s)], ['Change in median', signedDuration(change)])
  }
  return rows
}
