// The variant explorer: one row per variant, its steps as coloured chevrons; rows can be selected.

import { html } from '../common/dom.js'
import { counted, duration, full, percent } from '../common/format.js'
import { mounting } from '../common/mount.js'
import { themeOf } from '../common/theme.js'
import { colour } from './palette.js'
import { chosen, folded, labels, ranking } from './steps.js'

const STEPS_AT_FIRST = 60

/** Which colour each activity has, kept while the list is filtered and the page is left and opened again. */
const remembered = new Map()

class VariantExplorer {
  constructor (root, send) {
    Object.assign(this, { root, send, selected: new Set(), compact: false, opened: new Set() })
    this.list = html('div', { class: 'rows', role: 'listbox', 'aria-multiselectable': 'true', 'aria-label': 'Variants' })
    this.summary = html('span', { class: 'summary', role: 'status' })
    this.clear = html('button', { type: 'button', class: 'plain', hidden: true, onclick: () => this.choose([]) }, 'Clear selection')
    this.density = html('button', { type: 'button', class: 'plain', 'aria-pressed': 'false', onclick: () => this.squeeze() }, 'Colours only')
    this.message = html('div', { class: 'empty', hidden: true })
    root.replaceChildren(html('div', { class: 'head' }, this.summary, this.clear, html('span', { class: 'gap' }), this.density),
      html('div', { class: 'frame' }, this.list, this.message))
    this.list.addEventListener('click', event => this.clicked(event))
    this.list.addEventListener('keydown', event => this.key(event))
    this.list.addEventListener('pointerover', event => this.trace(event.target.closest('.step')?.dataset.activity))
    this.list.addEventListener('pointerleave', () => this.trace(null))
  }

  update (data) {
    this.theme = themeOf(this.root)
    this.root.classList.toggle('dark', this.theme.dark)
    this.data = data
    this.ids = data.variants.map(v => v.variant)
    if (data.selected) this.selected = new Set(data.selected)
    this.order = remembered.get(data.key) ?? new Map()
    remembered.set(data.key, this.order)
    for (const name of [...(data.activities ?? []), ...ranking(data.variants)]) if (!this.order.has(name)) this.order.set(name, this.order.size)
    this.labels = labels([...this.order.keys()])
    this.draw()
  }

  squeeze () {
    this.compact = !this.compact
    this.density.setAttribute('aria-pressed', String(this.compact))
    this.draw()
  }

  draw () {
    const { variants, total, height } = this.data
    this.list.style.maxHeight = height + 'px'
    this.root.classList.toggle('compact', this.compact)
    let seen = 0
    const most = Math.max(1e-9, ...variants.map(v => v.share))
    this.list.replaceChildren(...variants.map((v, i) => this.row(v, i, most, seen += v.share)))
    const rest = (total ?? variants.length) - variants.length
    if (rest > 0) this.list.append(html('div', { class: 'rest', role: 'presentation' }, `and ${counted(rest, 'rarer variant')}, ${percent(Math.max(0, 1 - seen))} of the cases`))
    this.message.hidden = variants.length > 0
    this.list.hidden = !variants.length
    this.message.replaceChildren(html('strong', {}, 'No variants'), html('span', {}, this.data.empty || 'No case passes the filters. Remove one to see variants again.'))
    this.mark()
    Object.assign(this.root.dataset, { ready: variants.length ? 'rows' : 'empty', rows: variants.length })
  }

  row (v, i, most, cumulative) {
    const words = `Variant ${v.variant}: ${counted(v.cases, 'case')}, ${percent(v.share)}, median ${duration(v.median_s)}, ${counted(v.activities.length, 'step')}: ${v.activities.slice(0, 12).join(', ')}`
    const bar = html('span', { class: 'share', 'aria-hidden': 'true' }, html('i', { style: `width:${(100 * v.share / most).toFixed(2)}%` }))
    return html('div', { class: 'row', role: 'option', tabindex: i ? -1 : 0, 'data-row': i, 'aria-label': words },
      html('span', { class: 'tick', 'aria-hidden': 'true' }),
      html('span', { class: 'rank' }, String(v.variant)),
      html('span', { class: 'cases' }, html('b', {}, full(v.cases)), html('small', {}, percent(v.share))),
      html('span', { class: 'sums' }, bar, html('small', {}, `${percent(Math.min(1, cumulative))} so far`)),
      html('span', { class: 'time' }, html('b', {}, duration(v.median_s)), html('small', {}, 'median')),
      this.steps(v, i))
  }

  steps (v, i) {
    const all = folded(v.activities), limit = this.opened.has(v.variant) ? all.length : STEPS_AT_FIRST
    const shown = all.slice(0, limit).map(({ activity, times }) => {
      const { fill, ink } = colour(this.order.get(activity), this.theme.dark)
      const label = times > 1 ? `${activity} ×${times}` : activity
      return html('span', { class: 'step', style: `background:${fill};color:${ink}`, title: label, 'data-activity': activity },
        html('span', { class: 'name', dir: 'auto' }, this.labels.get(activity)), times > 1 ? html('b', { class: 'times' }, '×' + times) : null)
    })
    if (all.length > limit) shown.push(html('button', { type: 'button', class: 'plain more', tabindex: -1, 'data-more': i }, `${all.length - limit} more steps`))
    return html('span', { class: 'steps' }, ...shown)
  }

  /** Shows where an activity occurs in the other variants. */
  trace (activity) {
    if (activity === this.traced) return
    this.traced = activity
    this.list.classList.toggle('tracing', activity != null)
    for (const step of this.list.querySelectorAll('.step')) step.classList.toggle('same', activity != null && step.dataset.activity === activity)
  }

  clicked (event) {
    const more = event.target.closest('[data-more]')
    if (more) {
      this.opened.add(this.ids[Number(more.dataset.more)])
      return this.draw()
    }
    const row = event.target.closest('.row')
    if (row) this.toggle(Number(row.dataset.row), event.shiftKey)
  }

  toggle (i, range) {
    const ids = chosen(this.ids, this.selected, i, this.last, range)
    this.last = i
    this.choose(ids)
  }

  choose (ids) {
    this.selected = new Set(ids)
    this.mark()
    this.send('select', { variants: ids, at: Date.now() })
  }

  mark () {
    for (const row of this.list.querySelectorAll('.row')) row.setAttribute('aria-selected', String(this.selected.has(this.ids[Number(row.dataset.row)])))
    const { variants, total } = this.data, n = this.selected.size
    const cases = variants.filter(v => this.selected.has(v.variant)).reduce((sum, v) => sum + v.cases, 0)
    this.summary.textContent = n ? `${counted(n, 'variant')} selected, ${counted(cases, 'case')}` : `${counted(total ?? variants.length, 'variant')}`
    this.clear.hidden = !n
  }

  key (event) {
    const row = event.target.closest('.row')
    if (!row) return
    const i = Number(row.dataset.row), rows = this.list.querySelectorAll('.row')
    const goal = { ArrowDown: i + 1, ArrowUp: i - 1, Home: 0, End: rows.length - 1 }[event.key]
    if (goal !== undefined) {
      const next = rows[Math.max(0, Math.min(rows.length - 1, goal))]
      row.tabIndex = -1
      next.tabIndex = 0
      next.focus()
      if (event.shiftKey && event.key.startsWith('Arrow') && next !== row) this.toggle(Number(next.dataset.row), this.last != null)
    } else if (event.key === ' ' || event.key === 'Enter') this.toggle(i, event.shiftKey)
    else if (event.key === 'Escape' && this.selected.size) this.choose([])
    else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') row.querySelector('.steps').scrollBy({ left: event.key === 'ArrowRight' ? 160 : -160, behavior: 'smooth' })
    else return
    event.preventDefault()
  }

  destroy () {}
}

export default mounting('.variant-explorer', (root, send) => new VariantExplorer(root, send))
