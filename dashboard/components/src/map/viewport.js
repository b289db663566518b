// Pans and zooms the drawing inside its stage; nothing is ever smaller than readable unless one asks for the whole.

const READABLE = 0.82, LEAST = 0.7, LARGEST = 2.5, OPENING = 1.15
const still = () => matchMedia('(prefers-reduced-motion: reduce)').matches

export class Viewport {
  /** `changed()` follows every new view, `gesture()` only those that the reader made. */
  constructor (stage, surface, changed, gesture) {
    Object.assign(this, { stage, surface, changed, gesture, x: 0, y: 0, k: 1, width: 1, height: 1 })
    this.pointers = new Map()
    surface.addEventListener('wheel', event => this.wheel(event), { passive: false })
    surface.addEventListener('pointerdown', event => this.down(event))
    surface.addEventListener('pointermove', event => this.move(event))
    for (const end of ['pointerup', 'pointercancel']) surface.addEventListener(end, event => this.up(event))
    surface.addEventListener('dblclick', event => {
      if (event.target.closest('.node,.edge')) return
      this.gesture()
      this.zoom(1.5, this.at(event))
    })
  }

  get w () { return this.stage.clientWidth }
  get h () { return this.stage.clientHeight }

  /** The drawing's size; the view itself stays until `open`, `fit` or a gesture moves it. */
  size (width, height) { Object.assign(this, { width, height }) }

  whole () { return Math.min(this.w / this.width, this.h / this.height, OPENING) }

  /** Shows everything if it can still be read, else a part that reads well, around `focus` (the start). */
  open (focus, direction) {
    const k = this.whole() >= LEAST ? this.whole() : READABLE
    this.set(k, ...this.centred(k, focus, direction))
  }

  centred (k, focus, direction) {
    const fits = [this.width * k <= this.w + 1, this.height * k <= this.h + 1]
    const middle = [(this.w - this.width * k) / 2, (this.h - this.height * k) / 2]
    const lead = [this.w / 2 - focus.x * k, this.h / 2 - focus.y * k]
    const clamp = (v, room) => Math.min(0, Math.max(v, room))
    if (direction === 'LR') lead[0] = 0
    else lead[1] = 0
    return [fits[0] ? middle[0] : clamp(lead[0], this.w - this.width * k), fits[1] ? middle[1] : clamp(lead[1], this.h - this.height * k)]
  }

  fit () {
    const k = this.whole()
    this.glide(k, (this.w - this.width * k) / 2, (this.h - this.height * k) / 2)
  }

  zoom (factor, centre = { x: this.w / 2, y: this.h / 2 }, smoothly = true) {
    const k = Math.min(LARGEST, Math.max(Math.min(this.whole(), READABLE) * 0.8, this.k * factor)), f = k / this.k
    this[smoothly ? 'glide' : 'set'](k, centre.x - (centre.x - this.x) * f, centre.y - (centre.y - this.y) * f)
  }

  /** Brings a point of the drawing into view, if it is outside. */
  reveal ({ x, y }, margin = 70) {
    const px = x * this.k + this.x, py = y * this.k + this.y
    const dx = Math.max(0, margin - px) - Math.max(0, px - this.w + margin), dy = Math.max(0, margin - py) - Math.max(0, py - this.h + margin)
    if (dx || dy) this.glide(this.k, this.x + dx, this.y + dy)
  }

  look ({ x, y }) { this.set(this.k, this.w / 2 - x * this.k, this.h / 2 - y * this.k) }

  set (k, x, y) {
    cancelAnimationFrame(this.frame)
    Object.assign(this, { k, x, y })
    this.changed()
  }

  glide (k, x, y) {
    if (still()) return this.set(k, x, y)
    cancelAnimationFrame(this.frame)
    const from = { k: this.k, x: this.x, y: this.y }, began = performance.now()
    const step = now => {
      const t = Math.min(1, (now - began) / 200), e = 1 - (1 - t) ** 3
      Object.assign(this, { k: from.k + (k - from.k) * e, x: from.x + (x - from.x) * e, y: from.y + (y - from.y) * e })
      this.changed()
      if (t < 1) this.frame = requestAnimationFrame(step)
    }
    this.frame = requestAnimationFrame(step)
  }

  at (event) {
    const box = this.stage.getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }

  /** With Ctrl or a pinch: zoom. Else the wheel pans while there is something beyond the edge, then the page scrolls. */
  wheel (event) {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault()
      this.gesture()
      return this.zoom(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) * 0.006), this.at(event), false)
    }
    const dx = event.shiftKey ? event.deltaY : event.deltaX, dy = event.shiftKey ? 0 : event.deltaY
    const within = (v, delta, size, room) => size <= room ? v : Math.min(0, Math.max(room - size, v - delta))
    const x = within(this.x, dx, this.width * this.k, this.w), y = within(this.y, dy, this.height * this.k, this.h)
    if (x === this.x && y === this.y) return
    event.preventDefault()
    this.gesture()
    this.set(this.k, x, y)
  }

  down (event) {
    if (event.button > 0) return
    this.pointers.set(event.pointerId, this.at(event))
    this.dragged = 0
  }

  move (event) {
    const before = this.pointers.get(event.pointerId)
    if (!before) return
    const now = this.at(event), others = [...this.pointers].filter(([id]) => id !== event.pointerId)
    this.pointers.set(event.pointerId, now)
    this.dragged += Math.abs(now.x - before.x) + Math.abs(now.y - before.y)
    if (others.length) {
      this.gesture()
      const [, other] = others[0], reach = p => Math.hypot(p.x - other.x, p.y - other.y) || 1
      return this.zoom(reach(now) / reach(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }, false)
    }
    if (this.dragged < 4) return
    if (!this.surface.hasPointerCapture(event.pointerId)) this.surface.setPointerCapture(event.pointerId)
    this.stage.classList.add('dragging')
    this.gesture()
    this.set(this.k, this.x + now.x - before.x, this.y + now.y - before.y)
  }

  up (event) {
    this.pointers.delete(event.pointerId)
    this.stage.classList.remove('dragging')
  }

  /** True right after a drag, so that letting go over a node does not select it. */
  get justDragged () { return this.dragged >= 4 }
}
