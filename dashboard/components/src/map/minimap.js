// A small picture of the whole map with the part in view, shown only when some of the map is outside.

import { svg } from '../common/dom.js'

const SIZE = { w: 150, h: 110 }

export class Minimap {
  constructor (viewport) {
    this.viewport = viewport
    this.element = svg('svg', { class: 'minimap', 'aria-hidden': 'true' })
    const look = event => {
      const box = this.element.getBoundingClientRect()
      viewport.look({ x: (event.clientX - box.left) / box.width * viewport.width, y: (event.clientY - box.top) / box.height * viewport.height })
    }
    this.element.addEventListener('pointerdown', event => { this.element.setPointerCapture(event.pointerId); look(event) })
    this.element.addEventListener('pointermove', event => { if (this.element.hasPointerCapture(event.pointerId)) look(event) })
  }

  draw (graph, layout, paint, theme) {
    const scale = Math.min(SIZE.w / layout.width, SIZE.h / layout.height), { element } = this
    element.setAttribute('viewBox', `0 0 ${layout.width} ${layout.height}`)
    element.setAttribute('width', Math.max(30, layout.width * scale))
    element.setAttribute('height', Math.max(30, layout.height * scale))
    this.window = svg('rect', { class: 'window', fill: theme.accent, 'fill-opacity': 0.1, stroke: theme.accent, 'stroke-width': 1.5 / scale, rx: 3 / scale })
    element.replaceChildren(
      ...layout.edges.map((place, i) => svg('polyline', {
        points: place.curve.filter((_, k) => k % 3 === 0).map(p => `${p.x.toFixed(0)},${p.y.toFixed(0)}`).join(' '),
        fill: 'none', stroke: theme.lines[1], 'stroke-opacity': 0.5, 'stroke-width': Math.max(paint.width(graph.edges[i]), 0.7 / scale)
      })),
      ...graph.nodes.map(n => {
        const { x, y } = layout.nodes.get(n.id), fill = n.kind === 'start' ? theme.start : n.kind === 'end' ? theme.end : theme.nodes[3]
        return svg('rect', { x: x - n.w / 2, y: y - n.h / 2, width: n.w, height: n.h, rx: 8, fill })
      }),
      this.window)
    this.follow()
  }

  follow () {
    const { x, y, k, w, h, width, height } = this.viewport
    const inside = x > -4 && y > -4 && x + width * k < w + 4 && y + height * k < h + 4
    this.element.toggleAttribute('hidden', inside)
    this.element.style.display = inside ? 'none' : ''
    if (!this.window) return
    for (const [name, value] of Object.entries({ x: -x / k, y: -y / k, width: w / k, height: h / k })) this.window.setAttribute(name, value)
  }
}
