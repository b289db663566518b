// Folds a trace for display: immediate repeats become one step with a count; pure.

/** `[{activity, times}]` for a trace of activity names. */
export function folded (trace) {
  const steps = []
  for (const activity of trace) {
    const last = steps[steps.length - 1]
    if (last?.activity === activity) last.times++
    else steps.push({ activity, times: 1 })
  }
  return steps
}

/** Activities by how many cases of the given variants pass through them, most first, ties by name. */
export function ranking (variants) {
  const cases = new Map()
  for (const { activities, cases: n } of variants) for (const a of new Set(activities)) cases.set(a, (cases.get(a) ?? 0) + n)
  return [...cases].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([a]) => a)
}

/**
 * Short labels for names: a first word that most of them share says nothing about a step and gives way to `…`.
 * With fewer than four names, or no such word, each name is its own label.
 */
export function labels (names) {
  const first = name => /^\S+(?=\s+\S)/.exec(name)?.[0]
  const sharing = new Map()
  for (const name of names) sharing.set(first(name), (sharing.get(first(name)) ?? 0) + 1)
  sharing.delete(undefined)
  const [word, times] = [...sharing].sort((a, b) => b[1] - a[1])[0] ?? ['', 0]
  const drop = names.length >= 4 && times >= 0.6 * names.length && word.length >= 4
  return new Map(names.map(name => [name, drop && first(name) === word ? '…' + name.slice(word.length).trimStart() : name]))
}

/** The selection after choosing row `i`: alone, or with Shift everything from the last chosen row. */
export function chosen (ids, selected, i, last, range) {
  if (range && last != null) {
    const [from, to] = [Math.min(last, i), Math.max(last, i)]
    return ids.filter((id, k) => selected.has(id) || (k >= from && k <= to))
  }
  return ids.filter((id, k) => k === i ? !selected.has(id) : selected.has(id))
}
