// Chooses widths and colours for nodes and edges from the metric and the theme.

import { contrast, ramp } from '../common/theme.js'
import { uncounted } from './graph.js'
import { METRICS } from './metrics.js'

const largest = values => Math.max(1e-9, ...values.filter(Number.isFinite))

/** The line's width in pixels: the square root of how often the path was taken. */
export function lineWidth (edge, most) {
  if (uncounted(edge)) return 1.5
  const share = Math.sqrt(Math.max(edge.events, edge.before?.events ?? 0) / most)
  return edge.kind === 'flow' ? 1.3 + 5.2 * share : 1.3 + 1.4 * share
}

/** What one drawing needs to know to colour itself: the figures' ranges and two functions. */
export function painter (graph, metric, theme) {
  const { kind, edge: figure, node: nodeFigure, worse } = METRICS[metric]
  const activities = graph.nodes.filter(n => n.kind === 'activity')
  const shown = graph.edges.filter(e => !uncounted(e))
  const figures = shown.map(figure).filter(v => v != null && Number.isFinite(v))
  const top = largest(figures.map(Math.abs)), most = largest(shown.map(e => Math.max(e.events, e.before?.events ?? 0)))
  const nodeTop = largest(activities.map(n => Math.abs(nodeFigure(n) ?? 0)))
  const plain = kind === 'time' && !activities.some(n => nodeFigure(n) != null)

  const [rise, fall] = worse ? [theme.less, theme.more] : [theme.more, theme.less]
  function line (e) {
    const value = uncounted(e) ? null : figure(e)
    if (value == null) return theme.lines[0]
    const t = Math.sqrt(Math.abs(value) / top)
    if (kind === 'difference') return ramp(value >= 0 ? rise : fall, t)
    return ramp(kind === 'time' ? theme.slow : theme.lines, t)
  }
  function card (n) {
    const value = n.kind === 'added' ? null : nodeFigure(n)
    if (plain || value == null) return theme.card
    const t = Math.abs(value) / nodeTop
    if (kind === 'difference') return ramp(value >= 0 ? theme.moreFill : theme.lessFill, Math.sqrt(t))
    return ramp(kind === 'time' ? theme.slowFill : theme.nodes, kind === 'time' ? t : Math.sqrt(t))
  }
  const [light, dark] = theme.dark ? [theme.ink, theme.background] : ['#ffffff', theme.ink]
  return {
    line,
    card,
    width: e => lineWidth(e, most),
    on: fill => contrast(light, fill) >= contrast(dark, fill) ? light : dark,
    range: { low: figures.length ? Math.min(...figures) : 0, high: figures.length ? Math.max(...figures) : 0, nodeTop, most },
    stops: kind === 'difference' ? [...[...fall].reverse(), ...rise] : kind === 'time' ? theme.slow : theme.lines
  }
}
