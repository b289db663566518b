// The card that appears beside the pointer, or beside the focus, with every figure of one node or edge.

import { html } from '../common/dom.js'

export class Tooltip {
  constructor (stage) {
    this.stage = stage
    this.element = html('div', { class: 'tip', role: 'tooltip', hidden: true })
  }

  /** `place` is in pixels of the stage; the card stays inside it. */
  show (title, facts, place, hint) {
    const rows = facts.flatMap(([term, figure]) => [html('dt', {}, term), html('dd', {}, figure)])
    this.element.replaceChildren(html('strong', { dir: 'auto' }, title), html('dl', {}, ...rows), hint ? html('small', {}, hint) : '')
    this.element.hidden = false
    const { offsetWidth: w, offsetHeight: h } = this.element, { clientWidth: W, clientHeight: H } = this.stage
    const x = place.x + 16 + w > W ? place.x - w - 14 : place.x + 16, y = place.y + 14 + h > H ? place.y - h - 10 : place.y + 14
    this.element.style.transform = `translate(${Math.max(4, Math.min(x, W - w - 4))}px, ${Math.max(4, Math.min(y, H - h - 4))}px)`
  }

  hide () { this.element.hidden = true }
}
