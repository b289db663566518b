// One colour per activity, the same in every row: hues far apart for the frequent ones, equally light, so that text is readable on all.

const HUES = [255, 55, 150, 330, 200, 95, 295, 25, 175, 275, 120, 0]

/** CSS colours `{fill, ink}` for the activity at `index` in order of frequency; past twelve the hues return, greyer. */
export function colour (index, dark) {
  const round = Math.floor(index / HUES.length), hue = (HUES[index % HUES.length] + 13 * round) % 360
  const chroma = Math.max(0.02, (dark ? 0.085 : 0.075) - 0.028 * round)
  const lightness = dark ? 0.4 + 0.05 * (round % 2) : 0.875 - 0.05 * (round % 2)
  return { fill: `oklch(${lightness} ${chroma.toFixed(3)} ${hue})`, ink: dark ? '#f4f7fb' : '#18212c' }
}
