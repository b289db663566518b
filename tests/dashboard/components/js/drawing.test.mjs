// Names, curves, replay and the choices of the keyboard: what the drawing is made of.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placeLabels, sample, shorten, smooth } from '../../../../dashboard/components/src/map/geometry.js'
import { answer, question } from '../../../../dashboard/components/src/map/graphviz.js'
import { itineraries, presence } from '../../../../dashboard/components/src/map/itinerary.js'
import { neighbour, nextPath } from '../../../../dashboard/components/src/map/keyboard.js'
import { wrap } from '../../../../dashboard/components/src/map/text.js'
import { chosen, folded, labels, ranking } from '../../../../dashboard/components/src/variants/steps.js'

const tenEach = text => 10 * [...text].length

test('a name that fits keeps every character', () => {
  assert.deepEqual(wrap('Check the invoice', 100, tenEach), ['Check the', 'invoice'])
  assert.deepEqual(wrap('<img src=x>', 120, tenEach), ['<img src=x>'])
  assert.deepEqual(wrap('   ', 100, tenEach), ['∅'])
})

test('a long name becomes three lines, none too wide, and no emoji is cut in two', () => {
  for (const name of ['x'.repeat(300), 'word '.repeat(80), '👩‍👩‍👧‍👦'.repeat(90), 'اعتماد الفاتورة '.repeat(30)]) {
    const lines = wrap(name, 120, tenEach)
    assert.equal(lines.length, 3)
    assert.ok(lines.at(-1).endsWith('…'))
    assert.ok(lines.every(line => tenEach(line) <= 120))
    assert.ok(!lines.join('').includes('\ufffd'))
  }
})

test('curves end where they were asked to, and are sampled evenly', () => {
  const points = [{ x: 0, y: 0 }, { x: 50, y: 80 }, { x: 100, y: 0 }, { x: 200, y: 40 }]
  const curve = smooth(points), short = shorten(curve, 10)
  assert.deepEqual([curve[0], curve.at(-1)], [points[0], points.at(-1)])
  assert.ok(Math.abs(Math.hypot(short.at(-1).x - 200, short.at(-1).y - 40) - 10) < 0.5)
  const flat = sample([{ x: 0, y: 0 }, { x: 30, y: 0 }, { x: 60, y: 0 }, { x: 90, y: 0 }], 9)
  for (let i = 0; i <= 9; i++) assert.ok(Math.abs(flat[2 * i] - 10 * i) < 0.6)
})

test('labels placed by hand cover neither boxes nor one another', () => {
  const line = x => [{ x, y: 0 }, { x, y: 100 }, { x, y: 200 }, { x, y: 300 }]
  const wanted = [0, 8, 16, 24].map(x => ({ curve: line(x), w: 40, h: 14 })), boxes = [{ x: 10, y: 150, w: 120, h: 50 }]
  const placed = placeLabels(wanted, boxes).filter(Boolean).map(p => ({ ...p, w: 40, h: 14 }))
  assert.ok(placed.length >= 3)
  const all = [...placed, ...boxes]
  all.forEach((a, i) => all.slice(i + 1).forEach(b => assert.ok(Math.abs(a.x - b.x) * 2 >= a.w + b.w || Math.abs(a.y - b.y) * 2 >= a.h + b.h)))
})

const loop = {
  start: 2,
  end: 3,
  backbone: new Set(),
  nodes: [[0, 'activity'], [1, 'activity'], [2, 'start'], [3, 'end']].map(([id, kind]) => ({ id, kind, w: 100, h: 50 })),
  edges: [[2, 0, 'start', 9], [0, 1, 'flow', 9], [1, 0, 'flow', 2], [1, 3, 'end', 9]].map(([source, target, kind, events]) => ({
    id: source + '>' + target, source, target, kind, events, label_w: 40, line: 2, p90_s: 50
  }))
}

test('Graphviz is told no names, and what it turned round is turned back', () => {
  const asked = question(loop, 'TB'), back = asked.edges[2]
  assert.deepEqual([back.tail, back.head, back.attributes.dir], ['n0', 'n1', 'back'])
  assert.ok(!JSON.stringify(asked).includes('name":"a'))
  const pos = { forward: 'e,10,0 10,90 10,60 10,30 10,10', back: 's,30,90 30,80 30,60 30,30 30,10' }
  const read = answer({
    bb: '0,0,200,100',
    objects: loop.nodes.map(n => ({ name: 'n' + n.id, pos: '10,20' })),
    edges: asked.edges.map(e => ({ id: e.attributes.id, pos: pos[e.attributes.dir], lp: '50,50' }))
  }, loop)
  assert.deepEqual(read.edges[2].tip, { x: 30, y: 10 })
  assert.deepEqual(read.edges[2].curve[0], { x: 30, y: 90 })
  assert.deepEqual(read.nodes.get(1), { x: 10, y: 80 })
})

test('a token moves at the times of its events and only along paths that are drawn', () => {
  const replay = { t0: 0, t1: 400, cases: [[[0, 100], [1, 160], [0, 300]]] }
  const trips = itineraries(loop, replay, 5).map(t => [loop.edges[t.edge].id, t.from, t.to, t.p90_s])
  assert.deepEqual(trips, [['2>0', 95, 100, null], ['0>1', 100, 160, 50], ['1>0', 160, 300, 50]])
  const hidden = { ...loop, nodes: loop.nodes.filter(n => n.id !== 1), edges: loop.edges.slice(0, 1) }
  assert.deepEqual(itineraries(hidden, replay, 5).map(t => t.edge), [0])
})

test('cases count as present from their first to their last event', () => {
  assert.deepEqual(presence({ t0: 0, t1: 100, cases: [[[0, 0], [1, 49]], [[0, 30], [0, 99]], []] }, 4), [1, 2, 1, 1])
})

test('arrows go to the nearest card ahead, brackets round the paths of a card', () => {
  const nodes = [{ id: 0, x: 0, y: 0 }, { id: 1, x: 0, y: 100 }, { id: 2, x: 90, y: 100 }, { id: 3, x: 0, y: 300 }]
  assert.equal(neighbour(nodes, nodes[0], 'ArrowDown').id, 1)
  assert.equal(neighbour(nodes, nodes[1], 'ArrowRight').id, 2)
  assert.equal(neighbour(nodes, nodes[0], 'ArrowUp'), null)
  const walk = [nextPath(loop.edges, 0, undefined, 1)]
  for (let i = 0; i < 3; i++) walk.push(nextPath(loop.edges, 0, walk.at(-1).id, 1))
  assert.deepEqual(walk.map(e => e.id), ['0>1', '2>0', '1>0', '0>1'])
})

test('repeats fold, colours follow frequency, ranges are chosen with Shift', () => {
  assert.deepEqual(folded(['A', 'A', 'B', 'A']), [{ activity: 'A', times: 2 }, { activity: 'B', times: 1 }, { activity: 'A', times: 1 }])
  assert.deepEqual(ranking([{ activities: ['A', 'B', 'B'], cases: 3 }, { activities: ['B'], cases: 1 }]), ['B', 'A'])
  assert.deepEqual(chosen([1, 2, 3, 4], new Set([1]), 2, null, false), [1, 3])
  assert.deepEqual(chosen([1, 2, 3, 4], new Set([2]), 3, 1, true), [2, 3, 4])
  assert.deepEqual(chosen([1, 2], new Set([2]), 1, 1, false), [])
})

test('a first word that nearly all steps share is left out of their labels, and only then', () => {
  const many = ['Declaration SUBMITTED', 'Declaration APPROVED by X', 'Declaration REJECTED', 'Pay', 'Declaration']
  assert.deepEqual([...labels(many).values()], ['…SUBMITTED', '…APPROVED by X', '…REJECTED', 'Pay', 'Declaration'])
  const few = ['Check order', 'Check invoice', 'Pay', 'Send', 'Close']
  assert.deepEqual([...labels(few).values()], few)
  assert.deepEqual([...labels([]).values()], [])
})
