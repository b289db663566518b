// Turns the JSON of `baton map` (and of a second log to compare with) into one graph of numbered nodes.

/** Number of seconds in the flow altogether; `total_s` wins over mean × events. */
const total = flow => flow.total_s ?? (flow.mean_s == null ? null : flow.mean_s * flow.events)

const pair = (source, target) => JSON.stringify([source, target])

function tally (graph) {
  const cases = (graph?.starts ?? []).reduce((sum, start) => sum + start.cases, 0)
  return {
    cases,
    activities: new Map((graph?.activities ?? []).map(a => [a.activity, a])),
    flows: new Map((graph?.flows ?? []).map(f => [pair(f.source, f.target), f])),
    starts: new Map((graph?.starts ?? []).map(s => [s.activity, s])),
    ends: new Map((graph?.ends ?? []).map(e => [e.activity, e]))
  }
}

/** An edge that stands for no event: a way through hidden activities, or through a step added by hand. */
export const uncounted = edge => edge.kind === 'bridge' || edge.kind === 'added'

const keys = (a, b) => [...new Set([...a.keys(), ...b.keys()])]

function noted (step, id, after, before) {
  const nothing = { events: 0, cases: 0, share: 0, mean_s: null, median_s: null, p90_s: null, total_s: null, before: null }
  const edge = (source, target) => ({ id: source + '>' + target, source, target, kind: 'added', ...nothing })
  return {
    node: { id, kind: 'added', name: step.step, evidence: step.evidence, typical_s: step.typical_s, role: step.role, ...nothing },
    edges: before == null ? [edge(after, id)] : [edge(after, id), edge(id, before)]
  }
}

/**
 * `{nodes, edges, start, end, cases, compared}`.
 * Nodes: `{id, kind, name, events, cases, median_s, before}`; ids are positions in `graph.activities`, which replay
 * refers to, then activities known only from `compare`, then start and end.
 * Edges: `{id, source, target, kind, events, cases, mean_s, median_s, p90_s, total_s, before}`.
 * `before` holds the same figures of the log compared with; shares are of that log's own cases.
 * `added` are steps that people noted by hand: `{node, edges}` each, which no slider and no figure counts.
 */
export function build (graph, compare) {
  const now = tally(graph), before = tally(compare), compared = compare != null
  const nodes = [], number = new Map()
  const past = (record, extra = {}) => compared
    ? { events: record?.events ?? 0, cases: record?.cases ?? 0, share: before.cases ? (record?.cases ?? 0) / before.cases : 0, ...extra }
    : null

  for (const name of keys(now.activities, before.activities)) {
    const a = now.activities.get(name), b = before.activities.get(name)
    number.set(name, nodes.length)
    nodes.push({
      id: nodes.length, kind: 'activity', name, events: a?.events ?? 0, cases: a?.cases ?? 0,
      median_s: a?.median_s ?? null, share: now.cases ? (a?.cases ?? 0) / now.cases : 0, before: past(b)
    })
  }
  const start = nodes.length, end = start + 1
  const marker = (id, kind, name) => ({ id, kind, name, events: now.cases, cases: now.cases, share: 1, before: past({ events: before.cases, cases: before.cases }) })
  nodes.push(marker(start, 'start', 'Start'), marker(end, 'end', 'End'))

  const edges = []
  const add = (source, target, kind, a, b) => edges.push({
    id: source + '>' + target, source, target, kind,
    events: a?.events ?? a?.cases ?? 0, cases: a?.cases ?? 0, share: now.cases ? (a?.cases ?? 0) / now.cases : 0,
    mean_s: a?.mean_s ?? null, median_s: a?.median_s ?? null, p90_s: a?.p90_s ?? null, total_s: a ? total(a) : null,
    before: past(b && { events: b.events ?? b.cases, cases: b.cases }, { median_s: b?.median_s ?? null })
  })
  for (const id of keys(now.flows, before.flows)) {
    const a = now.flows.get(id), b = before.flows.get(id), { source, target } = a ?? b
    if (number.has(source) && number.has(target)) add(number.get(source), number.get(target), 'flow', a, b)
  }
  for (const name of keys(now.starts, before.starts)) {
    if (number.has(name)) add(start, number.get(name), 'start', now.starts.get(name), before.starts.get(name))
  }
  for (const name of keys(now.ends, before.ends)) {
    if (number.has(name)) add(number.get(name), end, 'end', now.ends.get(name), before.ends.get(name))
  }
  const added = (graph?.added ?? [])
    .filter(step => number.has(step.after) && (step.before == null || number.has(step.before)))
    .map((step, i) => noted(step, end + 1 + i, number.get(step.after), number.get(step.before)))
  return { nodes, edges, added, start, end, cases: now.cases, compared }
}
