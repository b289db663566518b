// Reads Streamlit's theme from its CSS variables and derives the colours that the drawings use.

const channel = value => {
  const c = value / 255
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
}

/** `#rgb`, `#rrggbb` or `rgb(…)` as three numbers 0–255; anything else: null. */
export function rgb (colour) {
  const text = colour.trim()
  let match = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(text)
  if (match) return match.slice(1, 4).map(x => parseInt(x + x, 16))
  match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i.exec(text)
  if (match) return match.slice(1, 4).map(x => parseInt(x, 16))
  match = /^rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)/i.exec(text)
  return match ? match.slice(1, 4).map(Number) : null
}

/** Relative luminance (WCAG 2.2), 0 black to 1 white. */
export function luminance (colour) {
  const [r, g, b] = (rgb(colour) ?? [255, 255, 255]).map(channel)
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** Contrast ratio of two colours (WCAG 2.2), 1 to 21. */
export function contrast (a, b) {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p)
  return (x + 0.05) / (y + 0.05)
}

/** A colour between evenly spaced stops; t runs from 0 to 1. */
export function ramp (stops, t) {
  const x = Math.min(1, Math.max(0, t)) * (stops.length - 1)
  const i = Math.min(stops.length - 2, Math.floor(x))
  const [a, b] = [rgb(stops[i]), rgb(stops[i + 1])]
  return '#' + a.map((v, k) => Math.round(v + (b[k] - v) * (x - i)).toString(16).padStart(2, '0')).join('')
}

const LIGHT = {
  ink: '#1d2733',
  muted: '#5b6776',
  faint: '#8a95a5',
  card: '#ffffff',
  outline: '#c6cfdb',
  nodes: ['#f4f7fc', '#d3e1f6', '#96b8e8', '#4f83cc', '#2a5ca8'],
  lines: ['#c2cad6', '#8c98a9', '#465264'],
  slow: ['#c2cad6', '#e9bd72', '#dd7f33', '#b83a1e'],
  more: ['#c9d2de', '#6fa0dc', '#1f5fae'],
  less: ['#d8cfc6', '#e39b5b', '#b4530e'],
  moreFill: ['#f4f7fc', '#cfe0f7', '#8fb6ea'],
  lessFill: ['#fcf6f0', '#f9ddc2', '#f0b27c'],
  slowFill: ['#fdfaf5', '#fbe6c4', '#f2b77a', '#dd7f4a'],
  start: '#2f8f6b',
  end: '#46505e',
  token: '#f08c00',
  late: '#d6336c',
  tokenEdge: '#ffffff'
}

const DARK = {
  ink: '#eef2f7',
  muted: '#a6b1c0',
  faint: '#7d8999',
  card: '#1c232e',
  outline: '#3c4858',
  nodes: ['#1d2531', '#203a58', '#254f7b', '#285f98', '#2a69ad'],
  lines: ['#465263', '#7e8b9d', '#ccd5e1'],
  slow: ['#465263', '#9c7a35', '#d98a3a', '#ff8a65'],
  more: ['#465263', '#4c86c8', '#7cb8ff'],
  less: ['#554a41', '#c0793a', '#ffae66'],
  moreFill: ['#1d2531', '#20405f', '#2a659e'],
  lessFill: ['#27211c', '#553820', '#8a531f'],
  slowFill: ['#1f242c', '#4a3a1f', '#7a4e1e', '#a34a25'],
  start: '#3fb58a',
  end: '#aeb8c6',
  token: '#ffb84d',
  late: '#ff6b9d',
  tokenEdge: '#10161f'
}

/** The colours of the theme around `element`: Streamlit's own, and ours for light or dark. */
export function themeOf (element) {
  const style = getComputedStyle(element)
  const read = (name, otherwise) => {
    const value = style.getPropertyValue('--st-' + name).trim()
    return value && value !== 'unset' ? value : otherwise
  }
  const background = read('background-color', '#ffffff')
  const dark = luminance(background) < 0.35
  return {
    ...(dark ? DARK : LIGHT),
    dark,
    background,
    accent: read('primary-color', '#2a5ca8'),
    font: style.fontFamily || 'system-ui, sans-serif'
  }
}
