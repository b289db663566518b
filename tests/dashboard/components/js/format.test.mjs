// Figures read as people write them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { duration, percent, points, short, signedDuration } from '../../../../dashboard/components/src/common/format.js'
import { contrast, ramp, rgb } from '../../../../dashboard/components/src/common/theme.js'

const MINUTE = 60, HOUR = 3600, DAY = 86400

test('durations', () => {
  const cases = [
    [0, '0 s'], [0.4, '<1 s'], [1, '1 s'], [89.4, '89 s'], [90, '2 min'], [12 * MINUTE, '12 min'], [2 * HOUR, '2 h'], [5.25 * HOUR, '5.3 h'],
    [36 * HOUR, '1.5 d'], [3 * DAY, '3 d'], [99 * DAY, '99 d'], [400 * DAY, '400 d'], [800 * DAY, '2.2 y'], [-5, '−5 s'], [null, '–'], [NaN, '–']
  ]
  for (const [seconds, words] of cases) assert.equal(duration(seconds), words)
})

test('counts', () => {
  for (const [n, words] of [[0, '0'], [999, '999'], [1000, '1k'], [1234, '1.2k'], [9960, '10k'], [123456, '123k'], [999600, '1M'], [3.4e6, '3.4M'], [2.5e9, '2.5B']]) assert.equal(short(n), words)
})

test('shares and differences', () => {
  assert.deepEqual([0, 0.0004, 0.034, 0.5, 1].map(percent), ['0 %', '<0.1 %', '3.4 %', '50 %', '100 %'])
  assert.deepEqual([0, 0.0004, 0.034, -0.5].map(points), ['±0 pp', '±0 pp', '+3.4 pp', '−50 pp'])
  assert.deepEqual([0, 7200, -90].map(signedDuration), ['±0', '+2 h', '−2 min'])
})

test('colours are read, mixed and compared', () => {
  assert.deepEqual(rgb('#fff'), [255, 255, 255])
  assert.deepEqual(rgb('rgba(1, 2, 3, 0.5)'), [1, 2, 3])
  assert.equal(ramp(['#000000', '#ffffff'], 0.5), '#808080')
  assert.equal(Math.round(contrast('#000', '#fff')), 21)
})
