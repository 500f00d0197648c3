import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { beginningOf, openEventLog, type RunEvent } from '../../../training/run/events.js';

let file: string;
beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), 'espalier-events-')), 'events.jsonl');
});
afterEach(() => rmSync(join(file, '..'), { recursive: true }));

const START: RunEvent = {
  event: 'start',
  step: 0,
  run: 'r1',
  engine: 'test',
  threads: null,
  versions: {},
  steps: 4,
  stepsPerEpoch: 2,
  learningRate: 1,
};
const lines = () => readFileSync(file, 'utf8').trimEnd().split('\n');

test('events are appended as lines with their time; the first is there from the beginning', () => {
  const log = openEventLog(file, null, START);
  expect(lines()).toHaveLength(1);
  log.write({ event: 'checkpoint', step: 3, kind: 'last' });
  log.write({ event: 'stop', step: 4, reason: 'done' });
  log.close();
  expect(lines()).toHaveLength(3);
  expect(JSON.parse(lines()[0] ?? '')).toEqual({ time: expect.any(String), ...START });
  expect(JSON.parse(lines()[1] ?? '')).toEqual({
    time: expect.any(String),
    event: 'checkpoint',
    step: 3,
    kind: 'last',
  });
});

test('a resumed log keeps whole lines up to its step; a new one starts anew', () => {
  writeFileSync(file, '{"event":"step","step":1}\n{"event":"step","step":2}\n{"event":"step","step":3}\n{"event":"st');
  openEventLog(file, 2, { ...START, event: 'resume', step: 2 }).close();
  expect(lines().map((line) => JSON.parse(line).step)).toEqual([1, 2, 2]);
  openEventLog(file, null, START).close();
  expect(lines()).toHaveLength(1);
});

test('the beginning names the run; what is no log of a run has none', () => {
  expect(beginningOf(file)).toBeNull();
  openEventLog(file, null, START).close();
  expect(beginningOf(file)).toEqual({ run: 'r1' });
  for (const text of ['{"event":"click"}\n', 'hello\n', '[1]\n', 'null\n', '{"event":"st']) {
    writeFileSync(file, text);
    expect(beginningOf(file), text).toBeNull();
  }
  writeFileSync(file, '{"event":"start","step":0}\n');
  expect(beginningOf(file)).toEqual({ run: '' });
});
