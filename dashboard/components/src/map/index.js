// The process map: one controller per mounted map, which holds its settings, its drawing and what the reader does with it.

import { html, iconButton, svg } from '../common/dom.js'
import { mounting } from '../common/mount.js'
import { themeOf } from '../common/theme.js'
import { Controls } from './controls.js'
import { drawing } from './drawing.js'
import { build } from './graph.js'
import { isArrow, neighbour, nextPath } from './keyboard.js'
import { layout } from './layout.js'
import { legend } from './legend.js'
import { edgeFacts, edgeLabel, METRICS, nodeCaption, nodeFacts } from './metrics.js'
import { Minimap } from './minimap.js'
import { lineWidth, painter } from './paint.js'
import { Replay } from './replay.js'
import { save } from './save.js'
import { opening, simplify } from './simplify.js'
import { measurer, wrap } from './text.js'
import { Tooltip } from './tooltip.js'
import { Viewport } from './viewport.js'

const NAME_WIDTH = 168
const LABEL_WIDTH = 46
const HELP = 'Arrow keys walk from activity to activity, the bracket keys over the paths of an activity, Enter selects, plus and minus zoom, 0 shows the whole map.'

/** Settings outlive a page that is left and opened again. */
const remembered = new Map()

/** What a selection is about, as one string. */
const selectionKey = s => JSON.stringify(s.kind === 'flow' ? ['flow', s.source, s.target] : [s.kind, s.activity])

class ProcessMap {
  constructor (root, send) {
    Object.assign(this, { root, send, positions: new Map(), draws: 0, queued: false, busy: false, touched: false, gone: false })
    this.surface = svg('svg', { class: 'surface', role: 'group', 'aria-roledescription': 'process map', 'aria-describedby': 'map-help' })
    this.stage = html('div', { class: 'stage' }, this.surface)
    this.viewport = new Viewport(this.stage, this.surface, () => this.moved(), () => { this.touched = true })
    this.minimap = new Minimap(this.viewport)
    this.replay = new Replay(this.viewport)
    this.tooltip = new Tooltip(this.stage)
    this.legend = html('div', { class: 'legend' })
    this.message = html('div', { class: 'empty', hidden: true })
    this.live = html('div', { class: 'unseen', role: 'status' })
    this.controls = new Controls((name, value) => this.change(name, value), format => this.save(format))
    const zoom = html('div', { class: 'zoom', role: 'group', 'aria-label': 'Zoom' },
      iconButton('plus', 'Zoom in', () => this.zoom(1.3)), iconButton('minus', 'Zoom out', () => this.zoom(1 / 1.3)), iconButton('fit', 'Show the whole map', () => this.fit()))
    this.stage.append(this.replay.canvas, html('div', { class: 'corner' }, this.minimap.element, zoom), this.message, this.tooltip.element)
    root.replaceChildren(this.controls.element, this.stage, this.legend, this.replay.element, html('div', { class: 'unseen', id: 'map-help' }, HELP), this.live)
    this.listen()
    this.observer = new ResizeObserver(() => this.resized())
    this.observer.observe(this.stage)
  }

  listen () {
    const { surface } = this, item = event => event.target.closest?.('.node,.edge')
    surface.addEventListener('click', event => { if (!this.viewport.justDragged && item(event)) this.pick(item(event), event) })
    surface.addEventListener('pointerover', event => this.hover(item(event), event))
    surface.addEventListener('pointermove', event => { if (this.hovered) this.describe(this.hovered, this.viewport.at(event)) })
    surface.addEventListener('pointerleave', () => this.hover(null))
    surface.addEventListener('keydown', event => this.key(event))
    surface.addEventListener('focusin', event => this.focused(item(event)))
    surface.addEventListener('focusout', () => this.hover(null))
  }

  // -- what Python and the reader say -------------------------------------------------------------------------------

  update (data) {
    this.theme = themeOf(this.root)
    this.root.classList.toggle('dark', this.theme.dark)
    if (data !== this.data) {
      const first = !this.data, previous = this.data
      this.data = data
      this.stage.style.height = (data.height ?? 560) + 'px'
      this.surface.setAttribute('aria-label', data.title || 'Process map')
      this.graph = build(data.graph ?? {}, data.compare)
      this.settings = remembered.get(data.key) ?? { metric: data.metric, direction: 'auto', chosen: false }
      if (!this.settings.chosen) Object.assign(this.settings, opening(this.graph))
      for (const name of ['metric', 'activities', 'paths']) {
        const asked = first ? !remembered.has(data.key) : data[name] !== previous[name]
        if (data[name] != null && (asked || (name !== 'metric' && !this.settings.chosen))) this.settings[name] = data[name]
      }
      if (!METRICS[this.settings.metric] || (METRICS[this.settings.metric].compared && !this.graph.compared)) this.settings.metric = 'events'
      remembered.set(data.key, this.settings)
      if (data.selected) this.picked = null
      this.replay.load(data.replay, data.zone)
    }
    this.request()
  }

  change (name, value) {
    this.settings[name] = value
    if (name === 'activities' || name === 'paths') this.settings.chosen = true
    if (name === 'direction') this.touched = false
    this.request()
  }

  pick (element, event) {
    const selection = this.selectionOf(element)
    if (!selection) return
    this.picked = selectionKey(selection)
    this.markSelected()
    this.send('click', { ...selection, additive: Boolean(event.shiftKey || event.ctrlKey || event.metaKey) })
  }

  selectionOf (element) {
    if (element.dataset.node != null) {
      const node = this.node(element)
      return node.kind === 'activity' ? { kind: 'activity', activity: node.name } : null
    }
    const edge = this.edge(element), name = id => this.graph.nodes[id].name
    if (edge.kind === 'flow') return { kind: 'flow', source: name(edge.source), target: name(edge.target) }
    if (edge.kind === 'bridge') return null
    return { kind: edge.kind, activity: name(edge.kind === 'start' ? edge.target : edge.source) }
  }

  node (element) { return this.graph.nodes[Number(element.dataset.node)] }
  edge (element) { return this.shown.edges.find(e => e.id === element.dataset.edge) }
  element (kind, id) { return this.drawn?.querySelector(`.${kind}[data-${kind}="${CSS.escape(String(id))}"]`) }

  // -- drawing ------------------------------------------------------------------------------------------------------

  /** Draws once more; requests that come in while a layout is under way become one. */
  async request () {
    this.queued = true
    if (this.busy) return
    this.busy = true
    this.root.classList.add('busy')
    try {
      while (this.queued && !this.gone) {
        this.queued = false
        await this.draw()
      }
    } catch (error) {
      this.say('The map could not be drawn', error.message)
      this.root.dataset.error = String(error)
    } finally {
      this.busy = false
      this.root.classList.remove('busy')
    }
  }

  prepared () {
    const shown = simplify(this.graph, this.settings), { font } = this.theme
    if (this.font !== font) {
      this.font = font
      this.measure = { name: measurer(`600 13.5px ${font}`), small: measurer(`600 12px ${font}`) }
    }
    const most = Math.max(1, ...shown.edges.map(e => Math.max(e.events, e.before?.events ?? 0)))
    shown.nodes = shown.nodes.map(n => {
      if (n.kind !== 'activity') return { ...n, w: 30, h: 30 }
      const lines = wrap(n.name, NAME_WIDTH, this.measure.name)
      const widest = Math.max(...lines.map(this.measure.name), this.measure.small(nodeCaption(this.settings.metric, n)), 76)
      return { ...n, lines, w: Math.ceil(widest / 8) * 8 + 28, h: 32 + 16.5 * lines.length }
    })
    shown.edges = shown.edges.map(e => {
      const label = edgeLabel(this.settings.metric, e)
      return { ...e, label, label_w: e.kind === 'bridge' ? 0 : Math.max(LABEL_WIDTH, Math.ceil(this.measure.small(label)) + 10), line: lineWidth(e, most) }
    })
    return shown
  }

  async arranged (shown) {
    const { direction } = this.settings
    const signature = JSON.stringify([direction, shown.nodes.map(n => [n.id, n.w, n.h]), shown.edges.map(e => [e.id, e.label_w, e.events])])
    if (signature === this.signature) return this.layout
    const ask = way => layout(shown, way, this.data.assets)
    let best
    if (direction !== 'auto') best = await ask(direction)
    else {
      best = await ask('TB')
      const { w, h } = this.viewport, room = l => Math.min(w / l.width, h / l.height, 1)
      if (shown.edges.length < 90 && room(best) < 0.85) {
        const across = await ask('LR')
        if (room(across) > room(best) * 1.12) best = across
      }
    }
    this.signature = signature
    return best
  }

  async draw () {
    if (!this.graph.nodes.some(n => n.kind === 'activity')) return this.empty()
    const began = performance.now(), shown = this.prepared(), place = await this.arranged(shown)
    if (this.gone) return
    const fresh = place !== this.layout
    const anchor = this.layout?.nodes.get(this.graph.start), { viewport } = this
    Object.assign(this, { shown, layout: place })
    this.paint = painter(shown, this.settings.metric, this.theme)
    this.message.hidden = true
    this.root.classList.remove('is-empty')

    const focus = this.root.getRootNode().activeElement?.closest?.('.node,.edge')
    const before = this.drawn
    this.drawn = drawing(shown, place, this.settings.metric, this.paint, this.theme)
    this.surface.replaceChildren(this.drawn)
    this.surface.style.fontFamily = this.theme.font
    viewport.size(place.width, place.height)
    if (fresh) {
      const start = place.nodes.get(shown.start)
      if (!this.touched || !anchor) viewport.open(start, place.direction)
      else viewport.set(viewport.k, viewport.x + (anchor.x - start.x) * viewport.k, viewport.y + (anchor.y - start.y) * viewport.k)
      this.animate(before)
    } else this.moved()
    this.minimap.draw(shown, place, this.paint, this.theme)
    this.replay.route(shown, place, this.theme)
    this.legend.replaceChildren(...legend(shown, this.settings.metric, this.paint, this.theme, Boolean(this.replay.replay)))
    this.controls.reflect(this.settings, shown, this.graph.compared, place.direction)
    this.markSelected()
    this.rove(focus)
    this.live.textContent = `${shown.activitiesShown} of ${shown.activitiesTotal} activities and ${shown.edges.filter(e => e.kind !== 'bridge').length} of ${shown.pathsTotal} paths shown`
    Object.assign(this.root.dataset, {
      ready: place.engine, direction: place.direction, nodes: shown.nodes.length, edges: shown.edges.length, draws: ++this.draws, ms: Math.round(performance.now() - began)
    })
  }

  /** Cards glide from where they were, lines fade in. */
  animate (before) {
    const { positions } = this, { nodes } = this.layout
    if (before && !matchMedia('(prefers-reduced-motion: reduce)').matches) {
      for (const element of this.drawn.querySelectorAll('.node')) {
        const old = positions.get(Number(element.dataset.node)), now = nodes.get(Number(element.dataset.node))
        if (old) element.animate([{ transform: `translate(${old.x}px,${old.y}px)` }, { transform: `translate(${now.x}px,${now.y}px)` }], { duration: 260, easing: 'ease-out' })
        else element.animate([{ opacity: 0 }, { opacity: 1 }], { duration: 260 })
      }
      for (const group of this.drawn.querySelectorAll('.edges,.labels')) group.animate([{ opacity: 0 }, { opacity: 0, offset: 0.35 }, { opacity: 1 }], { duration: 320 })
    }
    this.positions = new Map(nodes)
  }

  moved () {
    const { x, y, k } = this.viewport
    this.drawn?.setAttribute('transform', `translate(${x.toFixed(2)},${y.toFixed(2)}) scale(${k.toFixed(4)})`)
    this.drawn?.classList.toggle('distant', k < 0.42)
    this.minimap.follow()
    this.replay.draw()
  }

  resized () {
    if (!this.layout || this.gone || !this.stage.clientWidth) return
    if (this.touched) this.moved()
    else this.viewport.open(this.layout.nodes.get(this.graph.start), this.layout.direction)
    this.replay.drawPresence()
  }

  empty () {
    this.drawn = this.layout = this.signature = null
    this.surface.replaceChildren()
    this.legend.replaceChildren()
    this.minimap.element.style.display = 'none'
    this.replay.element.hidden = true
    this.say('Nothing to show', this.data.empty || 'No case passes the filters. Remove one to see the map again.')
    Object.assign(this.root.dataset, { ready: 'empty', nodes: 0, edges: 0, draws: ++this.draws })
  }

  say (title, words) {
    this.root.classList.add('is-empty')
    this.message.hidden = false
    this.message.replaceChildren(html('strong', {}, title), html('span', {}, words))
  }

  // -- looking closer -----------------------------------------------------------------------------------------------

  markSelected () {
    if (!this.drawn) return
    const chosen = new Set((this.data.selected ?? []).map(selectionKey))
    if (this.picked) chosen.add(this.picked)
    for (const element of this.drawn.querySelectorAll('.node,.edge')) {
      const selection = this.selectionOf(element), on = selection != null && chosen.has(selectionKey(selection))
      element.classList.toggle('selected', on)
      if (selection) element.setAttribute('aria-pressed', String(on))
      else element.setAttribute('role', 'img')
    }
  }

  hover (element, event) {
    if (element === this.hovered) return
    this.hovered = element
    this.drawn?.classList.toggle('dim', Boolean(element))
    for (const lit of this.drawn?.querySelectorAll('.lit') ?? []) lit.classList.remove('lit')
    if (!element) return this.tooltip.hide()
    for (const id of this.around(element)) for (const part of this.drawn.querySelectorAll(id)) part.classList.add('lit')
    if (event) this.describe(element, this.viewport.at(event))
  }

  around (element) {
    const parts = [], add = (kind, id) => parts.push(`[data-${kind}="${CSS.escape(String(id))}"]`)
    if (element.dataset.node != null) {
      const { id } = this.node(element)
      add('node', id)
      for (const e of this.shown.edges) if (e.source === id || e.target === id) { add('edge', e.id); add('node', e.source === id ? e.target : e.source) }
    } else {
      const e = this.edge(element)
      add('edge', e.id); add('node', e.source); add('node', e.target)
    }
    return parts
  }

  describe (element, place) {
    const hint = this.selectionOf(element) ? 'Select to filter' : ''
    if (element.dataset.node != null) {
      const node = this.node(element)
      return this.tooltip.show(node.name, nodeFacts(node), place, hint)
    }
    const edge = this.edge(element), { nodes } = this.graph
    this.tooltip.show(`${nodes[edge.source].name} → ${nodes[edge.target].name}`, edgeFacts(edge), place, hint)
  }

  // -- keyboard -----------------------------------------------------------------------------------------------------

  /** One stop for Tab: the card that had the focus last, else the start. */
  rove (previous) {
    const kept = previous && (this.element('node', previous.dataset.node) ?? this.element('edge', previous.dataset.edge))
    const stop = kept ?? this.element('node', this.stop) ?? this.element('node', this.graph.start) ?? this.drawn.querySelector('.node')
    stop?.setAttribute('tabindex', 0)
    if (kept) kept.focus({ preventScroll: true })
  }

  go (element) {
    if (!element) return
    for (const other of this.drawn.querySelectorAll('[tabindex="0"]')) other.setAttribute('tabindex', -1)
    element.setAttribute('tabindex', 0)
    element.focus({ preventScroll: true })
  }

  focused (element) {
    if (!element?.matches(':focus-visible')) return
    const at = element.dataset.node != null ? this.layout.nodes.get(Number(element.dataset.node)) : this.layout.edges[this.shown.edges.indexOf(this.edge(element))].curve[0]
    if (element.dataset.node != null) this.stop = this.home = Number(element.dataset.node)
    this.viewport.reveal(at)
    this.hover(element)
    const { x, y, k } = this.viewport
    this.describe(element, { x: at.x * k + x + 40, y: at.y * k + y + 20 })
  }

  key (event) {
    const element = event.target.closest?.('.node,.edge')
    const zoom = { '+': 1.3, '=': 1.3, '-': 1 / 1.3 }[event.key]
    let handled = true
    if (zoom && !event.ctrlKey && !event.metaKey) this.zoom(zoom)
    else if (event.key === '0' && !event.ctrlKey && !event.metaKey) this.fit()
    else if (!element) handled = false
    else if (event.key === 'Enter' || event.key === ' ') this.pick(element, event)
    else if (isArrow(event.key)) this.walk(element, event.key)
    else if (event.key === '[' || event.key === ']') {
      const edge = nextPath(this.shown.edges, this.home, element.dataset.edge, event.key === ']' ? 1 : -1)
      if (edge) this.go(this.element('edge', edge.id))
    } else if (event.key === 'Escape') {
      this.hover(null)
      if (element.dataset.edge != null) this.go(this.element('node', this.home))
    } else handled = false
    if (handled) event.preventDefault()
  }

  walk (element, key) {
    const places = this.shown.nodes.map(n => ({ id: n.id, ...this.layout.nodes.get(n.id) }))
    const id = element.dataset.node != null ? Number(element.dataset.node) : this.home
    const next = neighbour(places, places.find(p => p.id === id) ?? places[0], key)
    if (next) this.go(this.element('node', next.id))
  }

  zoom (factor) {
    this.touched = true
    this.viewport.zoom(factor)
  }

  fit () {
    this.touched = true
    this.viewport.fit()
  }

  save (format) {
    if (!this.drawn) return
    save(format, this.drawn, this.layout, this.theme, this.data.title || 'Process map').catch(error => this.say('The picture could not be saved', error.message))
  }

  destroy () {
    this.gone = true
    this.observer.disconnect()
    this.replay.destroy()
  }
}

export default mounting('.process-map', (root, send) => new ProcessMap(root, send))
