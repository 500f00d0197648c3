import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyHistory, eventOf, fold, MOST_STEPS, type TimedEvent } from '../../../tools/dashboard/history.js';
import { createTail } from '../../../tools/dashboard/tail.js';
import { startLine, stepLine } from './lines.js';

describe('a line of a log, which anybody may have written', () => {
  it.each([
    '{"event":"step","step":1}',
    stepLine(1).replace('"losses":{"total":1}', '"losses":{"total":"x"}'),
    stepLine(1).replace('"losses":{"total":1}', '"losses":{"__proto__":1}'),
    stepLine(1).replace('"step":1', '"step":1e308'),
    '{"event":"evaluation","step":2,"epoch":1,"seconds":1,"report":[1]}',
    '{"event":"energy","step":1}',
    '{"event":"__proto__","step":1}',
    'null',
    '{',
  ])('is no event without what is read of it: %s', (line) => {
    expect(eventOf(line)).toBeNull();
  });

  it('is one with figures that are no numbers, as of a loss that diverges', () => {
    expect(eventOf(stepLine(1).replace('"total":1', '"total":null'))).toMatchObject({ step: 1 });
    expect(eventOf(startLine(9))).toMatchObject({ event: 'start', steps: 9 });
  });
});

describe('a history', () => {
  it('has a bounded number of steps, evenly over the run, and the last one', () => {
    const history = emptyHistory();
    for (let step = 1; step <= 50_000; step++) fold(history, JSON.parse(stepLine(step)) as TimedEvent);
    expect(history.steps.length).toBeLessThanOrEqual(MOST_STEPS);
    expect(history.steps.length).toBeGreaterThan(MOST_STEPS / 2);
    expect(new Set(history.steps.slice(1).map(({ step }, i) => step - history.steps[i]!.step))).toEqual(new Set([16]));
    expect(history.last?.step).toBe(50_000);
  });

  it('counts events that it does not know', () => {
    const history = emptyHistory();
    fold(history, { event: 'constructor', step: 1, time: '' } as unknown as TimedEvent);
    fold(history, { event: 'later', step: 1, time: '' } as unknown as TimedEvent);
    expect(history.unreadable).toBe(2);
  });
});

describe('the tail of a log', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'espalier-tail-'));
    file = join(folder, 'events.jsonl');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('waits for a file, for the end of a line, and gives each event once', async () => {
    const tail = createTail(file);
    expect(await tail.read()).toEqual([]);
    writeFileSync(file, `${startLine(3)}\n${stepLine(1)}\n${stepLine(2).slice(0, 20)}`);
    expect((await tail.read()).map(({ step }) => step)).toEqual([0, 1]);
    expect(await tail.read()).toEqual([]);
    writeFileSync(file, `${stepLine(2).slice(20)}\n`, { flag: 'a' });
    expect((await tail.read()).map(({ step }) => step)).toEqual([2]);
    expect(tail.history.steps.map(({ step }) => step)).toEqual([1, 2]);
  });

  it('skips a line that never ends, and reads on after it', async () => {
    writeFileSync(file, `${startLine(3)}\n`);
    truncateSync(file, 2 ** 25);
    writeFileSync(file, `\n${stepLine(1)}\n`, { flag: 'a' });
    const tail = createTail(file);
    expect((await tail.read()).map(({ step }) => step)).toEqual([0, 1]);
    expect(tail.history.unreadable).toBe(1);
  });
});
