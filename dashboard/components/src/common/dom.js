// Makes elements. Data only ever becomes text or attribute values, never markup.

const SVG = 'http://www.w3.org/2000/svg'

function fill (element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  element.append(...children.filter(child => child != null))
  return element
}

/** An HTML element; strings among the children become text nodes. */
export const html = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children)

/** An SVG element. */
export const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children)

const ICONS = {
  play: 'M5 3.5v9l8-4.5z',
  pause: 'M4.5 3.5h2.5v9H4.5zM9 3.5h2.5v9H9z',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  fit: 'M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3',
  down: 'M8 2.5v11M4 9.5l4 4 4-4',
  right: 'M2.5 8h11M9.5 4l4 4-4 4',
  save: 'M8 2.5v7.5M4.8 7l3.2 3.2L11.2 7M3 13.2h10'
}

/** One of a few line icons, drawn in the text's colour. */
export function icon (name) {
  const solid = name === 'play' || name === 'pause'
  return svg('svg', { viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true', class: 'icon' },
    svg('path', {
      d: ICONS[name],
      fill: solid ? 'currentColor' : 'none',
      stroke: solid ? 'none' : 'currentColor',
      'stroke-width': 1.6,
      'stroke-linecap': 'round',
      'stroke-linejoin': 'round'
    }))
}

/** A button with an icon, and words for those who cannot see it. */
export const iconButton = (name, label, onclick, attributes = {}) =>
  html('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, onclick, ...attributes }, icon(name))
