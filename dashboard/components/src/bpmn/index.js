// The BPMN view: one diagram, or the as-is beside the to-be, with changed steps marked.

import { html, iconButton } from '../common/dom.js'
import { mounting } from '../common/mount.js'
import { themeOf } from '../common/theme.js'
import { Pane } from './pane.js'

class BpmnView {
  constructor (root, send) {
    Object.assign(this, { root, together: false, stacked: null, draws: 0 })
    const pane = view => new Pane(view, picked => send('click', { ...picked, at: Date.now() }), moved => this.follow(moved))
    this.panes = [pane('as_is'), pane('to_be')]
    this.link = html('button', { type: 'button', class: 'plain', 'aria-pressed': 'false', onclick: () => this.couple(!this.together) }, 'Move together')
    this.order = html('button', { type: 'button', class: 'plain', onclick: () => this.arrange(!this.stacked, true) })
    const each = act => () => { for (const pane of this.shown()) act(pane) }
    this.bar = html('div', { class: 'head', role: 'toolbar', 'aria-label': 'Diagram' }, this.key = html('div', { class: 'key' }), html('span', { class: 'gap' }), this.link, this.order,
      html('div', { class: 'zoom' }, iconButton('plus', 'Zoom in', each(p => p.zoom(1.25))), iconButton('minus', 'Zoom out', each(p => p.zoom(0.8))), iconButton('fit', 'Show everything', each(p => p.fit()))))
    this.holder = html('div', { class: 'panes' }, ...this.panes.map(p => p.element))
    root.replaceChildren(this.bar, this.holder)
  }

  shown () { return this.panes.filter(p => !p.element.hidden && p.steps) }

  update (data) {
    this.theme = themeOf(this.root)
    const signature = JSON.stringify([data, this.theme.dark])
    if (signature === this.signature) return
    this.signature = signature
    this.data = data
    this.root.classList.toggle('dark', this.theme.dark)
    this.draw()
  }

  async draw () {
    const { diagrams, highlights, height } = this.data, both = diagrams.length > 1
    this.panes.forEach((pane, i) => {
      pane.element.hidden = !diagrams[i]
      if (diagrams[i]) pane.view = diagrams[i].view
    })
    this.link.hidden = this.order.hidden = !both
    this.legend()
    this.holder.classList.toggle('single', !both)
    if (this.stacked == null) this.arrange(false)
    await Promise.all(diagrams.map(({ view, xml, title }, i) => this.panes[i].show(xml, title, highlights.filter(h => (h.view ?? 'to_be') === view || !both), this.theme, height)))
    // Long and flat diagrams are read better one above the other.
    if (both && !this.decided && this.shown().length === 2 && this.shown().every(p => p.ratio > 2.6)) this.arrange(true)
    Object.assign(this.root.dataset, { ready: this.shown().length === diagrams.length ? 'drawn' : 'failed', draws: ++this.draws, shapes: this.shown().reduce((n, p) => n + p.steps.length, 0) })
  }

  legend () {
    const words = { changed: 'changed', added: 'new', removed: 'falls away', info: 'note' }
    const tones = [...new Set(this.data.highlights.map(h => h.tone ?? 'changed'))]
    this.key.replaceChildren(...tones.map(tone => html('span', {}, html('i', { class: 'dot ' + tone }), words[tone] ?? tone)))
  }

  arrange (stacked, decided = false) {
    this.decided ||= decided
    this.stacked = stacked
    this.holder.classList.toggle('stacked', stacked)
    this.order.textContent = stacked ? 'Side by side' : 'One above the other'
    for (const pane of this.shown()) {
      pane.viewer.get('canvas').resized()
      pane.open()
    }
  }

  couple (together) {
    this.together = together
    this.link.setAttribute('aria-pressed', String(together))
    if (together && this.shown().length === 2) this.follow(this.panes[0])
  }

  follow (moved) {
    if (!this.together || this.following || this.shown().length < 2) return
    this.following = true
    this.panes.find(p => p !== moved).follow(moved)
    this.following = false
  }

  destroy () { for (const pane of this.panes) pane.destroy() }
}

export default mounting('.bpmn-view', (root, send) => new BpmnView(root, send))
