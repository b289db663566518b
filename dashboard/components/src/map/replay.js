// Moves one token per case along the map, each at the real time of its events.

import { html, iconButton } from '../common/dom.js'
import { duration } from '../common/format.js'
import { sample } from './geometry.js'
import { aligned, itineraries, presence } from './itinerary.js'

const SECONDS_AT_SPEED_1 = 60
const TRAIL = 48
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8]

export class Replay {
  constructor (viewport) {
    this.viewport = viewport
    this.canvas = html('canvas', { class: 'tokens', 'aria-hidden': 'true' })
    this.button = iconButton('play', 'Play the cases', () => this.toggle())
    this.scrub = html('input', {
      type: 'range', min: 0, max: 1000, value: 0, step: 1, 'aria-label': 'Time of the replay', oninput: () => this.seek(this.scrub.value / 1000)
    })
    this.curve = html('canvas', { class: 'presence', 'aria-hidden': 'true' })
    this.clock = html('output', { class: 'clock' })
    this.speed = html('select', { 'aria-label': 'Speed of the replay', onchange: () => { this.rate = Number(this.speed.value) } },
      ...SPEEDS.map(s => html('option', { value: s, selected: s === 1 }, s + '×')))
    this.mode = html('select', { 'aria-label': 'Clock of the replay', onchange: () => this.restart() },
      html('option', { value: 'calendar' }, 'Calendar time'), html('option', { value: 'aligned' }, 'All from their start'))
    this.element = html('div', { class: 'replay', role: 'group', 'aria-label': 'Replay' },
      this.button, html('div', { class: 'track' }, this.curve, this.scrub), this.clock, this.mode, this.speed)
    Object.assign(this, { rate: 1, now: 0, playing: false })
  }

  /** `replay` as handed over by Python (or nothing); `zone` is the log's IANA time zone. */
  load (replay, zone) {
    const signature = replay ? `${replay.t0}|${replay.t1}|${replay.cases.length}|${JSON.stringify(replay.cases[0] ?? '')}` : ''
    this.element.hidden = !replay?.cases?.length
    if (signature === this.signature) return
    Object.assign(this, { signature, given: this.element.hidden ? null : replay })
    this.begin()
    if (!this.given) return this.clear()
    const options = { year: 'numeric', month: 'short', day: 'numeric', weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
    try {
      this.format = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: zone || 'UTC' })
    } catch {
      this.format = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' })
    }
  }

  /** Back to the beginning, by the clock that is chosen. */
  begin () {
    this.pause()
    this.now = 0
    this.scrub.value = 0
    this.trips = null
    this.replay = this.given && this.mode.value === 'aligned' ? aligned(this.given) : this.given
    if (!this.replay) return
    this.t0 = this.replay.t0
    this.span = Math.max(1, this.replay.t1 - this.replay.t0)
  }

  restart () {
    this.begin()
    this.route(...this.drawn)
    this.play()
  }

  /** Lays the cases' ways over a new drawing. */
  route (graph, layout, theme) {
    this.drawn = [graph, layout, theme]
    this.theme = theme
    if (!this.replay) return
    this.ways = graph.edges.map((_, i) => {
      const { curve, tip } = layout.edges[i]
      return sample([...curve, curve[curve.length - 1], tip, tip], TRAIL)
    })
    this.trips = itineraries(graph, this.replay, this.span * 0.004)
    this.drawPresence()
    this.draw()
  }

  toggle () { this.playing ? this.pause() : this.play() }

  play () {
    if (!this.replay) return
    if (this.now >= 1) this.now = 0
    this.playing = true
    this.last = performance.now()
    this.sign('pause', 'Pause the replay')
    this.frame = requestAnimationFrame(t => this.tick(t))
  }

  pause () {
    this.playing = false
    cancelAnimationFrame(this.frame)
    this.sign('play', 'Play the cases')
  }

  sign (name, label) {
    this.button.replaceChildren(iconButton(name, label).firstChild)
    this.button.setAttribute('aria-label', label)
    this.button.title = label
  }

  tick (t) {
    if (!this.playing) return
    if (!this.canvas.isConnected) return this.pause()
    this.now = Math.min(1, this.now + (t - this.last) / 1000 * this.rate / SECONDS_AT_SPEED_1)
    this.last = t
    this.scrub.value = Math.round(this.now * 1000)
    this.draw()
    if (this.now >= 1) return this.pause()
    this.frame = requestAnimationFrame(next => this.tick(next))
  }

  seek (share) {
    this.now = share
    this.draw()
  }

  /** The backing store of a canvas, as sharp as the screen. */
  context (canvas) {
    const ratio = devicePixelRatio || 1, w = canvas.clientWidth, h = canvas.clientHeight
    if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
      canvas.width = Math.round(w * ratio)
      canvas.height = Math.round(h * ratio)
    }
    const context = canvas.getContext('2d')
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.clearRect(0, 0, w, h)
    return context
  }

  clear () { if (this.canvas.isConnected) this.context(this.canvas) }

  draw () {
    if (!this.trips || !this.canvas.isConnected) return
    const context = this.context(this.canvas), { x, y, k, w, h } = this.viewport, { theme } = this
    const t = this.t0 + this.now * this.span, radius = Math.max(3, 4.6 * Math.min(1.2, k))
    let moving = 0, late = 0
    const idle = this.now === 0 && !this.playing
    context.lineWidth = 1.2
    context.strokeStyle = theme.tokenEdge
    if (!idle) {
      for (const { edge, from, to, p90_s } of this.trips) {
        if (t < from || t > to) continue
        const way = this.ways[edge], along = to > from ? (t - from) / (to - from) * TRAIL : 0, i = Math.min(TRAIL - 1, Math.floor(along)), f = along - i
        const px = (way[2 * i] + (way[2 * i + 2] - way[2 * i]) * f) * k + x, py = (way[2 * i + 1] + (way[2 * i + 3] - way[2 * i + 1]) * f) * k + y
        const slow = p90_s != null && t - from > p90_s
        moving++
        if (slow) late++
        if (px < -9 || py < -9 || px > w + 9 || py > h + 9) continue
        context.beginPath()
        context.arc(px, py, radius, 0, 2 * Math.PI)
        context.fillStyle = slow ? theme.late : theme.token
        context.fill()
        context.stroke()
      }
    }
    Object.assign(this.canvas.dataset, { moving, late })
    const when = this.mode.value === 'aligned' ? duration(t) + ' after their start' : this.format.format(new Date(t * 1000))
    this.clock.textContent = idle ? when : `${when} · ${moving} on the way` + (late ? `, ${late} late` : '')
    this.scrub.setAttribute('aria-valuetext', this.clock.textContent)
  }

  /** How many cases are under way over time, behind the scrubber. */
  drawPresence () {
    if (!this.curve.isConnected || !this.curve.clientWidth) return
    const context = this.context(this.curve), w = this.curve.clientWidth, h = this.curve.clientHeight
    const counts = presence(this.replay, Math.max(20, Math.round(w / 3))), top = Math.max(1, ...counts)
    context.fillStyle = this.theme.lines[0]
    context.globalAlpha = 0.55
    context.beginPath()
    context.moveTo(0, h)
    counts.forEach((n, i) => context.lineTo(w * i / (counts.length - 1), h - (h - 3) * n / top))
    context.lineTo(w, h)
    context.fill()
    context.globalAlpha = 1
  }

  destroy () { this.pause() }
}
