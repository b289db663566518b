// Sliders never cut a shown activity off: on any graph, at any setting, it lies between start and end.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { build } from '../../../../dashboard/components/src/map/graph.js'
import { mainDirection } from '../../../../dashboard/components/src/map/order.js'
import { opening, simplify, widestTree } from '../../../../dashboard/components/src/map/simplify.js'

/** A seeded generator (mulberry32), so that every failure can be repeated. */
function random (seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** The map of a log of random walks: what `baton map` would say of it. */
function walks (seed, activities, cases, added = []) {
  const next = random(seed), tally = { activities: {}, flows: {}, starts: {}, ends: {} }
  const count = (kind, key) => { tally[kind][key] = (tally[kind][key] ?? 0) + 1 }
  for (let c = 0; c < cases; c++) {
    let at = Math.floor(next() * Math.min(3, activities))
    count('starts', at)
    for (let step = 0; ; step++) {
      count('activities', at)
      if (step > 3 && next() < 0.25) break
      const to = next() < 0.7 ? (at + 1) % activities : Math.floor(next() * activities)
      count('flows', at + '>' + to)
      at = to
    }
    count('ends', at)
  }
  const rows = (kind, row) => Object.entries(tally[kind]).map(([key, n]) => row(key, n))
  return build({
    activities: rows('activities', (a, n) => ({ activity: 'a' + a, events: n, cases: n })),
    flows: rows('flows', (f, n) => ({ source: 'a' + f.split('>')[0], target: 'a' + f.split('>')[1], events: n, cases: n, mean_s: 1, median_s: 1, p90_s: 1 })),
    starts: rows('starts', (a, n) => ({ activity: 'a' + a, cases: n })),
    ends: rows('ends', (a, n) => ({ activity: 'a' + a, cases: n })),
    added
  })
}

function reached (edges, root, forward) {
  const seen = new Set([root]), queue = [root]
  while (queue.length) {
    const at = queue.pop()
    for (const e of edges) {
      const [from, to] = forward ? [e.source, e.target] : [e.target, e.source]
      if (from === at && !seen.has(to)) { seen.add(to); queue.push(to) }
    }
  }
  return seen
}

test('every shown activity is on a way from start to end, at every slider setting', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const graph = walks(seed, 2 + seed % 17, 5 + seed * 3)
    for (const activities of [0, 10, 35, 60, 100]) {
      for (const paths of [0, 20, 100]) {
        const shown = simplify(graph, { activities, paths })
        const from = reached(shown.edges, graph.start, true), to = reached(shown.edges, graph.end, false)
        for (const n of shown.nodes) {
          if (n.id !== graph.start && n.id !== graph.end) assert.ok(from.has(n.id) && to.has(n.id), `seed ${seed}, ${activities}/${paths} %, ${n.name}`)
        }
      }
    }
  }
})

test('all activities and all paths at 100 per cent, only the backbone at 0', () => {
  const graph = walks(7, 12, 80), all = simplify(graph, { activities: 100, paths: 100 }), least = simplify(graph, { activities: 100, paths: 0 })
  assert.equal(all.edges.length, graph.edges.length)
  assert.equal(all.nodes.length, graph.nodes.length)
  assert.deepEqual(new Set(least.edges.map(e => e.id)), least.backbone)
  assert.ok(least.edges.length <= 2 * (graph.nodes.length - 2))
})

test('more per cent never shows less', () => {
  const graph = walks(3, 14, 120)
  let [before, nodes] = [0, 0]
  for (let p = 0; p <= 100; p += 5) {
    const { edges } = simplify(graph, { activities: 100, paths: p }), n = simplify(graph, { activities: p, paths: 100 }).nodes.length
    assert.ok(edges.length >= before && n >= nodes)
    ;[before, nodes] = [edges.length, n]
  }
})

test('a hidden activity in between becomes a dashed way that names it', () => {
  const flow = (source, target, events) => ({ source, target, events, cases: events })
  const graph = build({
    activities: [{ activity: 'A', events: 9, cases: 9 }, { activity: 'rare', events: 2, cases: 2 }, { activity: 'B', events: 8, cases: 8 }],
    flows: [flow('A', 'rare', 2), flow('rare', 'B', 2)],
    starts: [{ activity: 'A', cases: 9 }],
    ends: [{ activity: 'A', cases: 7 }, { activity: 'B', cases: 2 }]
  })
  const { nodes, edges } = simplify(graph, { activities: 60, paths: 100 })
  assert.deepEqual(nodes.map(n => n.name).sort(), ['A', 'B', 'End', 'Start'])
  assert.deepEqual(edges.filter(e => e.kind === 'bridge').map(e => [e.source, e.target, e.via]), [[0, 2, ['rare']]])
})

test('the widest tree prefers the path whose rarest step is most frequent', () => {
  const e = (source, target, events) => ({ id: source + '>' + target, source, target, events })
  const tree = widestTree([e(0, 1, 10), e(0, 2, 4), e(1, 2, 8), e(2, 3, 3)], 0)
  assert.equal(tree.get(2).id, '1>2')
})

test('the map opens small enough to read', () => {
  for (const n of [3, 20, 40, 60]) {
    const graph = walks(n, n, 400), at = opening(graph), shown = simplify(graph, at)
    assert.ok(shown.activitiesShown <= 20)
    assert.ok(shown.edges.length <= 2 * shown.nodes.length + 36)
  }
})

test('the main direction of a log without loops runs backwards nowhere', () => {
  const edges = [[0, 3, 5], [3, 2, 5], [2, 4, 4], [4, 1, 4], [3, 4, 1]].map(([source, target, events]) => ({ source, target, events }))
  const nodes = [0, 1, 2, 3, 4].map(id => ({ id })), order = mainDirection(nodes, edges, 0, 1)
  for (const { source, target } of edges) assert.ok(order.indexOf(source) < order.indexOf(target))
})

test('in a loop the rarer way is the one that runs backwards', () => {
  const edges = [[0, 2, 9], [2, 3, 9], [3, 2, 2], [3, 1, 7]].map(([source, target, events]) => ({ source, target, events }))
  assert.deepEqual(mainDirection([0, 1, 2, 3].map(id => ({ id })), edges, 0, 1), [0, 2, 3, 1])
})

test('a comparison holds the activities and paths of both logs, each as a share of its own cases', () => {
  const one = { activities: [{ activity: 'A', events: 10, cases: 10 }], flows: [], starts: [{ activity: 'A', cases: 10 }], ends: [{ activity: 'A', cases: 10 }] }
  const other = {
    activities: [{ activity: 'A', events: 4, cases: 4 }, { activity: 'B', events: 1, cases: 1 }],
    flows: [{ source: 'A', target: 'B', events: 1, cases: 1, median_s: 60 }],
    starts: [{ activity: 'A', cases: 4 }],
    ends: [{ activity: 'A', cases: 3 }, { activity: 'B', cases: 1 }]
  }
  const { nodes, edges } = build(one, other)
  const b = nodes.find(n => n.name === 'B'), ab = edges.find(e => e.kind === 'flow')
  assert.deepEqual([b.share, b.before.share], [0, 0.25])
  assert.deepEqual([ab.events, ab.before.events, ab.before.median_s], [0, 1, 60])
})

test('a step added by hand stands between its neighbours while they are shown, and counts for nothing', () => {
  const plain = walks(5, 12, 60)
  const often = plain.edges.filter(e => e.kind === 'flow').reduce((a, b) => (a.events >= b.events ? a : b))
  const [source, target] = [often.source, often.target].map(id => plain.nodes[id].name)
  const graph = walks(5, 12, 60, [
    { step: 'Call', after: source, before: target, evidence: 'added by hand, not observed' },
    { step: 'Post', after: target, before: null, evidence: 'added by hand, not observed' },
    { step: 'Lost', after: 'nothing of the map', before: null, evidence: '' }
  ])
  assert.deepEqual([graph.nodes, graph.edges], [plain.nodes, plain.edges])
  for (const activities of [100, 60, 10]) {
    const shown = simplify(graph, { activities, paths: 50 }), without = simplify(plain, { activities, paths: 50 })
    const ids = new Set(shown.nodes.map(n => n.id))
    for (const edge of shown.edges) assert.ok(ids.has(edge.source) && ids.has(edge.target))
    for (const node of shown.nodes) assert.equal(shown.all[node.id], node)
    assert.deepEqual(shown.nodes.filter(n => n.kind !== 'added'), without.nodes)
    assert.deepEqual(shown.edges.filter(e => e.kind !== 'added'), without.edges)
    assert.equal(shown.pathsTotal, without.pathsTotal)
    if (activities === 100) assert.deepEqual(shown.nodes.filter(n => n.kind === 'added').map(n => n.name), ['Call', 'Post'])
  }
})
