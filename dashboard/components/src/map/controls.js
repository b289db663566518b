// The bar above the map: metric, the two sliders, direction, downloads.

import { html, icon, iconButton } from '../common/dom.js'
import { METRICS } from './metrics.js'

export class Controls {
  /** `change(setting, value)` is called for every change; `save(format)` for a download. */
  constructor (change, save) {
    this.metric = html('select', { 'aria-label': 'What the map shows', class: 'metric', onchange: () => change('metric', this.metric.value) })
    this.activities = this.slider('Activities', 'activities', change)
    this.paths = this.slider('Paths', 'paths', change)
    this.direction = iconButton('down', 'Direction', () => change('direction', this.direction.dataset.next))
    const menu = html('div', { class: 'menu', role: 'menu', hidden: true },
      ...['svg', 'png'].map(format => html('button', {
        type: 'button', role: 'menuitem', onclick: () => { this.fold(true); save(format) }
      }, format === 'svg' ? 'Drawing (SVG)' : 'Picture (PNG)')))
    this.saver = iconButton('save', 'Save the map as a picture', () => this.fold(!menu.hidden), { 'aria-haspopup': 'menu', 'aria-expanded': 'false' })
    this.menu = menu
    const holder = html('div', { class: 'saving' }, this.saver, menu)
    holder.addEventListener('keydown', event => {
      if (event.key !== 'Escape' || menu.hidden) return
      this.fold(true)
      this.saver.focus()
    })
    holder.addEventListener('focusout', event => { if (!holder.contains(event.relatedTarget)) this.fold(true) })
    this.element = html('div', { class: 'bar', role: 'toolbar', 'aria-label': 'Process map' },
      html('label', { class: 'pick' }, html('span', {}, 'Show'), this.metric),
      this.activities.element, this.paths.element,
      html('span', { class: 'gap' }), this.direction, holder)
  }

  fold (closed) {
    this.menu.hidden = closed
    this.saver.setAttribute('aria-expanded', String(!closed))
  }

  slider (name, setting, change) {
    const figure = html('output', {})
    const input = html('input', { type: 'range', min: 0, max: 100, step: 1, 'aria-label': name + ' shown, per cent', oninput: () => change(setting, Number(input.value)) })
    return { input, figure, element: html('label', { class: 'slide' }, html('span', {}, name), input, figure) }
  }

  /** Shows the settings as they are, and how much of the whole they let through. */
  reflect (settings, graph, compared, direction) {
    const offered = Object.entries(METRICS).filter(([, m]) => compared || !m.compared)
    if (this.offered !== offered.length) {
      this.offered = offered.length
      this.metric.replaceChildren(...offered.map(([id, m]) => html('option', { value: id }, m.label)))
    }
    this.metric.value = settings.metric
    const shown = graph.edges.filter(e => e.kind !== 'bridge').length
    for (const [slider, value, words] of [
      [this.activities, settings.activities, `${graph.activitiesShown} of ${graph.activitiesTotal}`],
      [this.paths, settings.paths, `${shown} of ${graph.pathsTotal}`]
    ]) {
      slider.input.value = value
      slider.input.style.setProperty('--at', value + '%')
      slider.input.setAttribute('aria-valuetext', `${value} per cent: ${words}`)
      slider.figure.textContent = words
    }
    const next = direction === 'TB' ? 'LR' : 'TB', label = direction === 'TB' ? 'Lay out from left to right' : 'Lay out from top to bottom'
    this.direction.dataset.next = next
    this.direction.replaceChildren(icon(next === 'LR' ? 'right' : 'down'))
    this.direction.setAttribute('aria-label', label)
    this.direction.title = label
  }
}
