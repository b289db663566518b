// The process map: one controller per mounted map, which holds its settings, its drawing and what the reader does with it.

import { html, iconButton, svg } from '../common/dom.js'
import { mounting } from '../common/mount.js'
import { themeOf } from '../common/theme.js'
import { Controls } from './controls.js'
import { drawing } from './drawing.js'
import { Explorer } from './explore.js'
import { build, uncounted } from './graph.js'
import { layout } from './layout.js'
import { legend } from './legend.js'
import { edgeLabel, METRICS, nodeCaption } from './metrics.js'
import { Minimap } from './minimap.js'
import { lineWidth, painter } from './paint.js'
import { Replay } from './replay.js'
import { save } from './save.js'
import { opening, simplify } from './simplify.js'
import { measurer, wrap } from './text.js'
import { Viewport } from './viewport.js'

const NAME_WIDTH = 168
const LABEL_WIDTH = 46
const HELP = 'Arrow keys walk from activity to activity, the bracket keys over the paths of an activity, Enter selects, plus and minus zoom, 0 shows the whole map.'

/** Settings outlive a page that is left and opened again. */
const remembered = new Map()

class ProcessMap {
  constructor (root, send) {
    Object.assign(this, { root, positions: new Map(), draws: 0, queued: false, busy: false, touched: false, gone: false })
    this.surface = svg('svg', { class: 'surface', role: 'group', 'aria-roledescription': 'process map', 'aria-describedby': 'map-help' })
    this.stage = html('div', { class: 'stage' }, this.surface)
    this.viewport = new Viewport(this.stage, this.surface, () => this.moved(), () => { this.touched = true })
    this.minimap = new Minimap(this.viewport)
    this.replay = new Replay(this.viewport)
    this.legend = html('div', { class: 'legend' })
    this.message = html('div', { class: 'empty', hidden: true })
    this.live = html('div', { class: 'unseen', role: 'status' })
    this.controls = new Controls((name, value) => this.change(name, value), format => this.save(format))
    this.explorer = new Explorer(this, selection => send('click', selection))
    const zoom = html('div', { class: 'zoom', role: 'group', 'aria-label': 'Zoom' },
      iconButton('plus', 'Zoom in', () => this.zoom(1.3)), iconButton('minus', 'Zoom out', () => this.zoom(1 / 1.3)), iconButton('fit', 'Show the whole map', () => this.fit()))
    this.stage.append(this.replay.canvas, html('div', { class: 'corner' }, this.minimap.element, zoom), this.message, this.explorer.tooltip.element)
    root.replaceChildren(this.controls.element, this.stage, this.legend, this.replay.element, html('div', { class: 'unseen', id: 'map-help' }, HELP), this.live)
    this.observer = new ResizeObserver(() => this.resized())
    this.observer.observe(this.stage)
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
      this.explorer.given(data.selected)
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
      if (n.kind === 'start' || n.kind === 'end') return { ...n, w: 30, h: 30 }
      const lines = wrap(n.name, NAME_WIDTH, this.measure.name)
      const widest = Math.max(...lines.map(this.measure.name), this.measure.small(nodeCaption(this.settings.metric, n)), 76)
      return { ...n, lines, w: Math.ceil(widest / 8) * 8 + 28, h: 32 + 16.5 * lines.length }
    })
    shown.edges = shown.edges.map(e => {
      const label = edgeLabel(this.settings.metric, e)
      return { ...e, label, label_w: uncounted(e) ? 0 : Math.max(LABEL_WIDTH, Math.ceil(this.measure.small(label)) + 10), line: lineWidth(e, most) }
    })
    return shown
  }

  async arranged (shown) {
    const { direction } = this.settings
    const signature = JSON.stringify([direction, shown.nodes.map(n => [n.id, n.w, n.h]), shown.edges.map(e => [e.id, e.label_w, e.events])])
    if (signature === this.layout?.signature) return this.layout
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
    return { ...best, signature }
  }

  async draw () {
    if (!this.graph.nodes.some(n => n.kind === 'activity')) return this.empty()
    const began = performance.now(), { graph } = this, shown = this.prepared(), place = await this.arranged(shown)
    if (this.gone || graph !== this.graph) return
    const fresh = place !== this.layout
    const anchor = this.layout?.nodes.get(this.shown.start), { viewport } = this
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
    this.controls.reflect(this.settings, shown, shown.compared, place.direction)
    this.explorer.hovered = null
    this.explorer.mark()
    this.explorer.rove(focus)
    this.live.textContent = `${shown.activitiesShown} of ${shown.activitiesTotal} activities and ${shown.edges.filter(e => !uncounted(e)).length} of ${shown.pathsTotal} paths shown`
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
    else this.viewport.open(this.layout.nodes.get(this.shown.start), this.layout.direction)
    this.replay.drawPresence()
  }

  empty () {
    this.drawn = this.layout = null
    this.replay.pause()
    this.replay.clear()
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
