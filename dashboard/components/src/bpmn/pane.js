// One diagram: a bpmn-js viewer with its badges, its keyboard and its place in view.

import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer'
import { layoutProcess } from 'bpmn-auto-layout'
import { html } from '../common/dom.js'
import { isArrow, neighbour } from '../map/keyboard.js'

const READABLE = 0.75, LARGEST = 1.2
const MARK = { changed: '~', added: '+', removed: '−', info: 'i' }

const isStep = element => !element.waypoints && !element.labelTarget && element.parent && element.type !== 'label'
const nameOf = element => element.businessObject?.name || ''
const kindOf = element => element.type.replace('bpmn:', '').replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()

/** Names at each step the flows that arrive and leave; the layout follows these, and not every tool writes them. */
function linked (xml) {
  const tree = new DOMParser().parseFromString(xml, 'text/xml')
  if (tree.querySelector('parsererror')) return xml
  const byId = new Map([...tree.querySelectorAll('[id]')].map(e => [e.getAttribute('id'), e]))
  for (const flow of tree.getElementsByTagNameNS('*', 'sequenceFlow')) {
    for (const [end, name] of [['sourceRef', 'outgoing'], ['targetRef', 'incoming']]) {
      const step = byId.get(flow.getAttribute(end)), id = flow.getAttribute('id')
      if (!step || [...step.children].some(c => c.localName === name && c.textContent.trim() === id)) continue
      const child = tree.createElementNS(flow.namespaceURI, flow.prefix ? `${flow.prefix}:${name}` : name)
      child.textContent = id
      step.prepend(child)
    }
  }
  return new XMLSerializer().serializeToString(tree)
}

export class Pane {
  /** `picked({element, name, type})` is called for every selection, `moved(pane)` when the view was panned or zoomed. */
  constructor (view, picked, moved) {
    Object.assign(this, { view, picked, moved })
    this.title = html('h4', {})
    this.canvas = html('div', { class: 'canvas' })
    this.problem = html('div', { class: 'empty', hidden: true })
    this.element = html('section', { class: 'pane' }, this.title, html('div', { class: 'paper' }, this.canvas, this.problem))
  }

  /** Draws `xml`; resolves when it is drawn or the reason why not is shown. */
  async show (xml, title, highlights, theme, height) {
    this.title.textContent = title
    this.element.setAttribute('aria-label', title)
    this.canvas.style.height = height + 'px'
    this.viewer?.destroy()
    this.problem.hidden = true
    const turn = this.turn = {}
    const viewer = this.viewer = new NavigatedViewer({
      container: this.canvas,
      zoomScroll: { enabled: false },
      bpmnRenderer: { defaultFillColor: theme.card, defaultStrokeColor: theme.dark ? '#b6c2d2' : '#3d4a5c', defaultLabelColor: theme.ink }
    })
    try {
      const drawn = /<[\w-]*:?BPMNShape\b/.test(xml) ? xml : await layoutProcess(linked(xml))
      if (turn !== this.turn) return
      await viewer.importXML(drawn)
    } catch (error) {
      if (turn !== this.turn) return
      this.problem.hidden = false
      this.problem.replaceChildren(html('strong', {}, 'The diagram could not be drawn'), html('span', {}, error.message))
      return
    }
    if (turn !== this.turn) return
    this.steps = viewer.get('elementRegistry').filter(isStep)
    this.highlight(highlights)
    this.listen()
    this.open()
  }

  highlight (highlights) {
    const canvas = this.viewer.get('canvas'), overlays = this.viewer.get('overlays'), registry = this.viewer.get('elementRegistry')
    overlays.clear()
    for (const { element: id, tone = 'changed', text = '', title = '' } of highlights) {
      const element = registry.get(id)
      if (!element) continue
      canvas.addMarker(id, 'tone-' + tone)
      const badge = html('span', { class: 'badge ' + tone, title: title || text, dir: 'auto' }, text || MARK[tone] || '')
      if (!element.waypoints) overlays.add(id, { position: { top: -12, right: 8 }, html: badge })
    }
  }

  listen () {
    const bus = this.viewer.get('eventBus'), scroll = this.viewer.get('zoomScroll')
    bus.on('element.click', ({ element }) => {
      scroll.toggle(true)
      if (element.parent) this.pick(element.labelTarget ?? element)
    })
    bus.on('canvas.viewbox.changed', () => this.moved(this))
    this.canvas.onpointerdown = () => scroll.toggle(true)
    this.canvas.onpointerleave = () => scroll.toggle(false)
    this.steps.forEach((element, i) => {
      const node = this.graphics(element)
      node.setAttribute('tabindex', i ? -1 : 0)
      node.setAttribute('role', 'button')
      node.setAttribute('aria-label', `${kindOf(element)} ${nameOf(element) || element.id}`)
    })
    this.canvas.onkeydown = event => this.key(event)
  }

  graphics (element) { return this.viewer.get('elementRegistry').getGraphics(element) }

  pick (element) {
    const canvas = this.viewer.get('canvas')
    for (const other of this.steps) canvas.removeMarker(other.id, 'picked')
    canvas.addMarker(element.id, 'picked')
    this.picked({ view: this.view, element: element.id, name: nameOf(element), type: element.type.replace('bpmn:', '') })
  }

  key (event) {
    if (event.ctrlKey || event.metaKey) return
    const focused = this.steps.find(element => this.graphics(element) === event.target.closest?.('.djs-element'))
    const canvas = this.viewer.get('canvas')
    if (event.key === '+' || event.key === '=') canvas.zoom(canvas.zoom() * 1.25)
    else if (event.key === '-') canvas.zoom(canvas.zoom() / 1.25)
    else if (event.key === '0') this.fit()
    else if (focused && (event.key === 'Enter' || event.key === ' ')) this.pick(focused)
    else if (focused && isArrow(event.key)) {
      const middle = e => ({ id: e.id, x: e.x + e.width / 2, y: e.y + e.height / 2 })
      const next = neighbour(this.steps.map(middle), middle(focused), event.key)
      if (next) {
        const element = this.steps.find(e => e.id === next.id)
        this.graphics(focused).setAttribute('tabindex', -1)
        this.graphics(element).setAttribute('tabindex', 0)
        this.graphics(element).focus({ preventScroll: true })
        canvas.scrollToElement(element, 60)
      }
    } else return
    event.preventDefault()
    event.stopPropagation()
  }

  fit () { this.viewer?.get('canvas').zoom('fit-viewport', 'auto') }

  zoom (factor) {
    const canvas = this.viewer?.get('canvas')
    canvas?.zoom(Math.min(4, Math.max(0.1, canvas.zoom() * factor)))
  }

  /** The whole where it stays readable, else a readable part from the left. */
  open () {
    const canvas = this.viewer.get('canvas'), { inner, outer } = canvas.viewbox()
    const whole = Math.min(outer.width / (inner.width + 50), outer.height / (inner.height + 60))
    const scale = Math.min(LARGEST, Math.max(READABLE, whole)), w = outer.width / scale, h = outer.height / scale
    canvas.viewbox({
      x: inner.width + 50 > w ? inner.x - 25 : inner.x + inner.width / 2 - w / 2,
      y: inner.height + 60 > h ? inner.y - 30 : inner.y + inner.height / 2 - h / 2,
      width: w,
      height: h
    })
  }

  /** Shows the part that `other` shows, measured from the top left of each diagram. */
  follow (other) {
    const a = other.viewer.get('canvas').viewbox(), b = this.viewer.get('canvas').viewbox()
    this.viewer.get('canvas').viewbox({ x: b.inner.x + a.x - a.inner.x, y: b.inner.y + a.y - a.inner.y, width: b.outer.width / a.scale, height: b.outer.height / a.scale })
  }

  get ratio () {
    const { inner } = this.viewer.get('canvas').viewbox()
    return inner.width / Math.max(1, inner.height)
  }

  destroy () {
    this.turn = null
    this.viewer?.destroy()
  }
}
