// Turns the events of replayed cases into moves along the edges that a map shows; pure.

/**
 * One `{edge, from, to, p90_s}` for every move: `edge` is a position in `graph.edges`, times are the events' own.
 * Hidden activities are stepped over. A move with no edge drawn for it is left out: a token never takes a way that it
 * did not take. `lead` seconds are given to entering from the start and leaving to the end.
 */
export function itineraries (graph, replay, lead) {
  const shown = new Set(graph.nodes.map(n => n.id))
  const position = new Map(graph.edges.map((e, i) => [e.id, i]))
  const trips = []
  const move = (source, target, from, to) => {
    const edge = position.get(source + '>' + target)
    if (edge !== undefined) trips.push({ edge, from, to, p90_s: graph.edges[edge].kind === 'flow' ? graph.edges[edge].p90_s : null })
  }
  for (const events of replay.cases) {
    const seen = events.filter(([activity]) => shown.has(activity))
    if (!seen.length) continue
    move(graph.start, seen[0][0], seen[0][1] - lead, seen[0][1])
    for (let i = 1; i < seen.length; i++) move(seen[i - 1][0], seen[i][0], seen[i - 1][1], seen[i][1])
    const [last, t] = seen[seen.length - 1]
    move(last, graph.end, t, t + lead)
  }
  return trips
}

/** How many replayed cases are between their first and last event, in each of `buckets` equal slices of time. */
export function presence (replay, buckets) {
  const counts = new Array(buckets + 1).fill(0), span = Math.max(1, replay.t1 - replay.t0)
  const slot = t => Math.min(buckets - 1, Math.max(0, Math.floor((t - replay.t0) / span * buckets)))
  for (const events of replay.cases) {
    if (!events.length) continue
    counts[slot(events[0][1])]++
    counts[slot(events[events.length - 1][1]) + 1]--
  }
  for (let i = 1; i < counts.length; i++) counts[i] += counts[i - 1]
  return counts.slice(0, buckets)
}

/**
 * The same cases as if all had started at once, so that one sees where they part and where they stick. It ends when 95
 * in 100 cases are over: the slowest few would else leave nothing to see for most of the time.
 */
export function aligned (replay) {
  const cases = replay.cases.filter(events => events.length).map(events => events.map(([activity, t]) => [activity, t - events[0][1]]))
  const lengths = cases.map(events => events[events.length - 1][1]).sort((a, b) => a - b)
  return { cases, t0: 0, t1: Math.max(1, lengths[Math.floor(0.95 * (lengths.length - 1))] ?? 1) }
}
