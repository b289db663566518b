// What a reader does with a drawn map: look closer, walk over it by keyboard, select.

import { uncounted } from './graph.js'
import { isArrow, neighbour, nextPath } from './keyboard.js'
import { edgeFacts, nodeFacts } from './metrics.js'
import { Tooltip } from './tooltip.js'

const PARTS = '.node,.edge'

/** What a selection is about, as one string. */
const about = s => JSON.stringify(s.kind === 'flow' ? ['flow', s.source, s.target] : [s.kind, s.activity])

export class Explorer {
  /** `map` has `shown`, `layout`, `drawn`, `surface`, `stage` and `viewport`; `send` tells Python of a selection. */
  constructor (map, send) {
    Object.assign(this, { map, send })
    this.tooltip = new Tooltip(map.stage)
    const { surface, viewport } = map, part = event => event.target.closest?.(PARTS)
    surface.addEventListener('click', event => { if (!viewport.justDragged && part(event)) this.pick(part(event), event) })
    surface.addEventListener('pointerover', event => this.hover(part(event), event))
    surface.addEventListener('pointermove', event => { if (this.hovered) this.describe(this.hovered, viewport.at(event)) })
    surface.addEventListener('pointerleave', () => this.hover(null))
    surface.addEventListener('keydown', event => { if (this.key(event)) event.preventDefault() })
    surface.addEventListener('focusin', event => this.focused(part(event)))
    surface.addEventListener('focusout', () => this.hover(null))
  }

  node (element) { return this.map.shown.all[Number(element.dataset.node)] }
  edge (element) { return this.map.shown.edges.find(e => e.id === element.dataset.edge) }
  element (kind, id) { return this.map.drawn.querySelector(`.${kind}[data-${kind}="${CSS.escape(String(id))}"]`) }

  // -- selecting ----------------------------------------------------------------------------------------------------

  pick (element, event) {
    const selection = this.selectionOf(element)
    if (!selection) return
    this.picked = about(selection)
    this.mark()
    this.send({ ...selection, additive: Boolean(event.shiftKey || event.ctrlKey || event.metaKey) })
  }

  /** What Python is told of an element; null for what cannot be filtered by. */
  selectionOf (element) {
    if (element.dataset.node != null) {
      const node = this.node(element)
      return node.kind === 'activity' ? { kind: 'activity', activity: node.name } : null
    }
    const edge = this.edge(element), name = id => this.map.shown.all[id].name
    if (edge.kind === 'flow') return { kind: 'flow', source: name(edge.source), target: name(edge.target) }
    if (uncounted(edge)) return null
    return { kind: edge.kind, activity: name(edge.kind === 'start' ? edge.target : edge.source) }
  }

  /** Python says what is selected; without it the last pick stays marked. */
  given (selected) {
    if (selected) this.picked = null
    this.selected = selected ?? []
  }

  mark () {
    const chosen = new Set(this.selected.map(about))
    if (this.picked) chosen.add(this.picked)
    for (const element of this.map.drawn.querySelectorAll(PARTS)) {
      const selection = this.selectionOf(element), on = selection != null && chosen.has(about(selection))
      element.classList.toggle('selected', on)
      if (selection) element.setAttribute('aria-pressed', String(on))
      else element.setAttribute('role', 'img')
    }
  }

  // -- looking closer -----------------------------------------------------------------------------------------------

  /** Leaves only an element and what it is connected with in full colour. */
  hover (element, event) {
    if (element === this.hovered) return
    const { drawn, viewport } = this.map
    this.hovered = element
    drawn?.classList.toggle('dim', Boolean(element))
    for (const lit of drawn?.querySelectorAll('.lit') ?? []) lit.classList.remove('lit')
    if (!element) return this.tooltip.hide()
    for (const selector of this.around(element)) for (const part of drawn.querySelectorAll(selector)) part.classList.add('lit')
    if (event) this.describe(element, viewport.at(event))
  }

  around (element) {
    const parts = [], add = (kind, id) => parts.push(`[data-${kind}="${CSS.escape(String(id))}"]`)
    const id = element.dataset.node != null ? this.node(element).id : null
    const edges = id == null ? [this.edge(element)] : this.map.shown.edges.filter(e => e.source === id || e.target === id)
    if (id != null) add('node', id)
    for (const e of edges) {
      add('edge', e.id)
      add('node', e.source)
      add('node', e.target)
    }
    return parts
  }

  describe (element, place) {
    const hint = this.selectionOf(element) ? 'Select to filter' : ''
    if (element.dataset.node != null) {
      const node = this.node(element)
      return this.tooltip.show(node.name, nodeFacts(node), place, hint)
    }
    const edge = this.edge(element), nodes = this.map.shown.all
    this.tooltip.show(`${nodes[edge.source].name} → ${nodes[edge.target].name}`, edgeFacts(edge), place, hint)
  }

  // -- by keyboard --------------------------------------------------------------------------------------------------

  /** Puts the one stop for Tab into a new drawing: where the focus was, else the last card, else the start. */
  rove (previous) {
    const kept = previous && (this.element('node', previous.dataset.node) ?? this.element('edge', previous.dataset.edge))
    const stop = kept ?? this.element('node', this.home) ?? this.element('node', this.map.shown.start)
    stop.setAttribute('tabindex', 0)
    if (kept) kept.focus({ preventScroll: true })
  }

  go (element) {
    if (!element) return
    for (const other of this.map.drawn.querySelectorAll('[tabindex="0"]')) other.setAttribute('tabindex', -1)
    element.setAttribute('tabindex', 0)
    element.focus({ preventScroll: true })
  }

  focused (element) {
    if (!element?.matches(':focus-visible')) return
    const { layout, shown, viewport } = this.map
    if (element.dataset.node != null) this.home = Number(element.dataset.node)
    const at = element.dataset.node != null ? layout.nodes.get(this.home) : layout.edges[shown.edges.indexOf(this.edge(element))].curve[0]
    viewport.reveal(at)
    this.hover(element)
    this.describe(element, { x: at.x * viewport.k + viewport.x + 40, y: at.y * viewport.k + viewport.y + 20 })
  }

  /** Acts on a key; false if the key is not ours. */
  key (event) {
    const element = event.target.closest?.(PARTS), { map } = this
    if (event.ctrlKey || event.metaKey || event.altKey) return false
    if (event.key === '+' || event.key === '=') map.zoom(1.3)
    else if (event.key === '-') map.zoom(1 / 1.3)
    else if (event.key === '0') map.fit()
    else if (!element) return false
    else if (event.key === 'Enter' || event.key === ' ') this.pick(element, event)
    else if (isArrow(event.key)) this.walk(element, event.key)
    else if (event.key === '[' || event.key === ']') {
      const edge = nextPath(map.shown.edges, this.home, element.dataset.edge, event.key === ']' ? 1 : -1)
      if (edge) this.go(this.element('edge', edge.id))
    } else if (event.key === 'Escape') {
      this.hover(null)
      if (element.dataset.edge != null) this.go(this.element('node', this.home))
    } else return false
    return true
  }

  walk (element, key) {
    const places = this.map.shown.nodes.map(n => ({ id: n.id, ...this.map.layout.nodes.get(n.id) }))
    const id = element.dataset.node != null ? Number(element.dataset.node) : this.home
    const next = neighbour(places, places.find(p => p.id === id) ?? places[0], key)
    if (next) this.go(this.element('node', next.id))
  }
}
