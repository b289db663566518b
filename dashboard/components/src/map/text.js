// Breaks an activity's name into the lines of its card; the measure is handed in, so it is tested without a browser.

const graphemes = text => typeof Intl !== 'undefined' && Intl.Segmenter
  ? [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text)].map(part => part.segment)
  : [...text]

/** `text` cut so that it and an ellipsis fit into `width`. */
function cut (text, width, measure) {
  const parts = graphemes(text)
  while (parts.length && measure(parts.join('') + '…') > width) parts.pop()
  return parts.join('').trimEnd() + '…'
}

/** A word that is wider than a line, in pieces that fit. */
function pieces (word, width, measure) {
  const out = []
  let piece = ''
  for (const part of graphemes(word)) {
    if (piece && measure(piece + part) > width) {
      out.push(piece)
      piece = part
    } else piece += part
  }
  return [...out, piece]
}

/** At most `limit` lines no wider than `width`; what does not fit is cut with an ellipsis. */
export function wrap (text, width, measure, limit = 3) {
  const shortened = text.length > 400 ? graphemes(text.slice(0, 400)).slice(0, -1).join('') + '…' : text
  const words = shortened.split(/\s+/).filter(Boolean).flatMap(word => measure(word) > width ? pieces(word, width, measure) : [word])
  const lines = []
  for (const word of words) {
    const longer = lines.length ? lines[lines.length - 1] + ' ' + word : word
    if (lines.length && measure(longer) <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  if (!lines.length) return ['∅']
  if (lines.length <= limit) return lines
  return [...lines.slice(0, limit - 1), cut(lines[limit - 1] + ' ' + lines[limit], width, measure)]
}

/** Measures text in the given font on a canvas; widths are remembered. */
export function measurer (font) {
  const context = document.createElement('canvas').getContext('2d')
  context.font = font
  const known = new Map()
  return text => {
    if (!known.has(text)) known.set(text, context.measureText(text).width)
    return known.get(text)
  }
}
