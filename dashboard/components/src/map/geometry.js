// Curves as lists of cubic Bézier points `[p0, c1, c2, p1, c1, c2, p2, …]`, and what is measured along them; pure.

const between = (a, b, t) => ({ x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t })
const far = (a, b) => Math.hypot(b.x - a.x, b.y - a.y)
const round = n => Math.round(n * 10) / 10

/** A smooth curve near the given points, through the first and the last (uniform cubic B-spline). */
export function smooth (points) {
  if (points.length < 3) {
    const [a, b] = [points[0], points[points.length - 1]]
    return [a, between(a, b, 1 / 3), between(a, b, 2 / 3), b]
  }
  const through = points.flatMap((p, i) => i === 0 || i === points.length - 1 ? [p, p, p] : [p])
  const out = []
  for (let i = 0; i + 3 < through.length; i++) {
    const [a, b, c, d] = through.slice(i, i + 4)
    const knot = (p, q, r) => ({ x: (p.x + 4 * q.x + r.x) / 6, y: (p.y + 4 * q.y + r.y) / 6 })
    if (!out.length) out.push(knot(a, b, c))
    out.push(between(b, c, 1 / 3), between(b, c, 2 / 3), knot(b, c, d))
  }
  return out
}

/** The curve with its end pulled back by `length`, to make room for an arrow head at its former end. */
export function shorten (curve, length) {
  const end = curve[curve.length - 1]
  let k = curve.length - 2
  while (k > 0 && far(curve[k], end) < 0.5) k--
  const distance = far(curve[k], end) || 1
  const base = between(end, curve[k], Math.min(0.9, length / distance))
  return [...curve.slice(0, -2), between(curve[curve.length - 2], base, 0.5), base]
}

/** The `d` attribute that draws a curve. */
export function draw (curve) {
  const at = p => round(p.x) + ',' + round(p.y)
  let d = 'M' + at(curve[0])
  for (let i = 1; i + 2 < curve.length; i += 3) d += `C${at(curve[i])} ${at(curve[i + 1])} ${at(curve[i + 2])}`
  return d
}

/** The `d` attribute of an arrow head from `base` to `tip`, `width` wide at the base, its back slightly hollow. */
export function arrow (base, tip, width) {
  const length = far(base, tip) || 1
  const [ux, uy] = [(tip.x - base.x) / length, (tip.y - base.y) / length]
  const corner = side => `${round(base.x - ux - uy * side * width / 2)},${round(base.y - uy + ux * side * width / 2)}`
  return `M${round(tip.x)},${round(tip.y)}L${corner(1)}L${round(base.x + ux * length * 0.18)},${round(base.y + uy * length * 0.18)}L${corner(-1)}Z`
}

/** The curve as a flat array `[x0, y0, x1, y1, …]` of `count + 1` points at equal distances along it. */
export function sample (curve, count = 48) {
  const fine = [curve[0]]
  for (let i = 0; i + 3 < curve.length; i += 3) {
    const [a, b, c, d] = curve.slice(i, i + 4)
    for (let s = 1; s <= 12; s++) {
      const t = s / 12, u = 1 - t
      fine.push({
        x: u * u * u * a.x + 3 * u * u * t * b.x + 3 * u * t * t * c.x + t * t * t * d.x,
        y: u * u * u * a.y + 3 * u * u * t * b.y + 3 * u * t * t * c.y + t * t * t * d.y
      })
    }
  }
  const along = [0]
  for (let i = 1; i < fine.length; i++) along.push(along[i - 1] + far(fine[i - 1], fine[i]))
  const out = new Float32Array(2 * (count + 1)), whole = along[along.length - 1]
  for (let s = 0, i = 1; s <= count; s++) {
    const goal = whole * s / count
    while (i < fine.length - 1 && along[i] < goal) i++
    const step = along[i] - along[i - 1]
    const p = between(fine[i - 1], fine[i], step ? Math.min(1, (goal - along[i - 1]) / step) : 0)
    out[2 * s] = p.x
    out[2 * s + 1] = p.y
  }
  return out
}

const overlap = (a, b) => Math.abs(a.x - b.x) * 2 < a.w + b.w && Math.abs(a.y - b.y) * 2 < a.h + b.h

/**
 * Places labels beside their curves where they cover no box and no other label; the first asked is served first.
 * `wanted`: `{curve, w, h}`; gives a centre `{x, y}` and the side (1 right, −1 left) or null for each.
 */
export function placeLabels (wanted, boxes) {
  const taken = [...boxes]
  return wanted.map(({ curve, w, h }) => {
    const points = sample(curve, 20)
    for (const at of [10, 8, 12, 7, 13, 6, 14, 5, 15, 4, 16]) {
      for (const side of [1, -1]) {
        const place = { x: points[2 * at] + side * (w / 2 + 3), y: points[2 * at + 1], w, h }
        if (taken.some(box => overlap(box, place))) continue
        taken.push(place)
        return { x: place.x, y: place.y, side }
      }
    }
    return null
  })
}
