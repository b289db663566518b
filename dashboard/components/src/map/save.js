// Saves the map as it is drawn: SVG as it stands, or PNG at twice the size.

import { html, svg } from '../common/dom.js'

const PAD = 14

/** A standalone SVG document of the drawing. */
export function standalone (drawing, layout, theme, title) {
  const width = Math.ceil(layout.width + 2 * PAD), height = Math.ceil(layout.height + 2 * PAD), copy = drawing.cloneNode(true)
  // Another program may not have the page's font: each text keeps the width that its card was made for.
  const texts = copy.querySelectorAll('text')
  drawing.querySelectorAll('text').forEach((text, i) => {
    const length = text.getComputedTextLength()
    if (length > 0) texts[i].setAttribute('textLength', length.toFixed(1))
    texts[i].setAttribute('lengthAdjust', 'spacingAndGlyphs')
  })
  copy.removeAttribute('class')
  copy.setAttribute('transform', `translate(${PAD},${PAD})`)
  for (const ring of copy.querySelectorAll('.ring,.hit')) ring.remove()
  for (const element of copy.querySelectorAll('[role],[tabindex],[class]')) for (const name of ['role', 'tabindex', 'class']) element.removeAttribute(name)
  const root = svg('svg', { xmlns: 'http://www.w3.org/2000/svg', width, height, viewBox: `0 0 ${width} ${height}`, 'font-family': theme.font },
    svg('title', {}, title), svg('rect', { width, height, fill: theme.background }), copy)
  return { text: new XMLSerializer().serializeToString(root), width, height }
}

function download (blob, name) {
  const url = URL.createObjectURL(blob)
  html('a', { href: url, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(url), 10000)
}

/** Hands the file to the browser's downloads; `format` is `svg` or `png`. */
export async function save (format, drawing, layout, theme, title) {
  const { text, width, height } = standalone(drawing, layout, theme, title)
  const blob = new Blob([text], { type: 'image/svg+xml' })
  if (format === 'svg') return download(blob, 'process-map.svg')
  const image = new Image(), url = URL.createObjectURL(blob)
  await new Promise((resolve, reject) => { image.onload = resolve; image.onerror = () => reject(new Error('the browser could not draw the picture')); image.src = url })
  URL.revokeObjectURL(url)
  const scale = Math.min(2, 8000 / Math.max(width, height)), canvas = html('canvas', { width: Math.round(width * scale), height: Math.round(height * scale) })
  const context = canvas.getContext('2d')
  context.scale(scale, scale)
  context.drawImage(image, 0, 0)
  const png = await new Promise(resolve => canvas.toBlob(resolve, 'image/png'))
  download(png, 'process-map.png')
}
