import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEventLog, type RunEvent } from '../../../training/run/events.js';
import { chosenCheckpoint, holdRunFolder, runFolder, settleRun } from '../../../training/run/folder.js';
import { askToContinue, askToPause, isPauseAsked } from '../../../training/run/pause.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-folder-'));
});
afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true, force: true });
});

const out = (name = 'run'): string => join(folder, name);
const isRoot = process.getuid?.() === 0;
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

/** As a run that was killed before its first checkpoint leaves it. */
function begin(name = 'run'): void {
  const { folder: files, release } = holdRunFolder(out(name), false);
  openEventLog(files.events, null, START).close();
  settleRun(files, { a: 1 });
  release();
}

describe('a folder that is held', () => {
  test('holds the lock alone, and goes when nothing was written', () => {
    const held = holdRunFolder(out('a/b'), false);
    expect(readdirSync(out('a/b'))).toEqual(['run.lock']);
    expect(() => holdRunFolder(out('a/b'), false)).toThrow(`in use by process ${process.pid}`);
    expect(() => holdRunFolder(out('a/b'), true)).toThrow(`in use by process ${process.pid}`);
    held.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('that was there before stays', () => {
    mkdirSync(out());
    holdRunFolder(out(), false).release();
    expect(readdirSync(folder)).toEqual(['run']);
  });

  test('gets its config when the run is accepted, and loses what a killed run left', () => {
    begin();
    const left = ['config.json', 'events.jsonl', 'checkpoints/last.safetensors', 'checkpoints/best.safetensors'];
    for (const name of left) writeFileSync(join(out(), `${name}.00112233445566ff.partial`), '');
    writeFileSync(join(out(), 'mine.00112233445566ff.partial'), '');
    for (const name of ['pictures', 'plots']) {
      mkdirSync(join(out(), name));
      writeFileSync(join(out(), name, 'a.png.00112233445566ff.partial'), '');
    }
    const held = holdRunFolder(out(), true);
    expect(readdirSync(join(out(), 'checkpoints'))).toHaveLength(2);
    settleRun(held.folder, { b: 2 });
    held.release();
    expect(readdirSync(join(out(), 'checkpoints'))).toEqual([]);
    expect(readdirSync(out()).sort()).toEqual([
      ...['checkpoints', 'config.json', 'events.jsonl', 'mine.00112233445566ff.partial', 'pictures', 'plots'],
    ]);
    for (const name of ['pictures', 'plots']) expect(readdirSync(join(out(), name))).toEqual([]);
    expect(JSON.parse(readFileSync(held.folder.config, 'utf8'))).toEqual({ b: 2 });
  });
});

test('a pause of an earlier process is over when the folder is held, and one that is asked then stays', () => {
  begin();
  askToPause(runFolder(out()));
  const held = holdRunFolder(out(), true);
  expect(isPauseAsked(held.folder)).toBe(false);
  askToPause(held.folder);
  settleRun(held.folder, { b: 2 });
  expect(isPauseAsked(held.folder)).toBe(true);
  held.release();
});

test('a link asks for a pause and goes alone; a folder asks for nothing, and stays', () => {
  begin();
  const files = runFolder(out());
  writeFileSync(out('mine'), '1');
  symlinkSync(out('mine'), files.pause);
  expect(isPauseAsked(files)).toBe(true);
  askToContinue(files);
  expect([existsSync(files.pause), readFileSync(out('mine'), 'utf8')]).toEqual([false, '1']);
  mkdirSync(files.pause);
  expect(isPauseAsked(files)).toBe(false);
  holdRunFolder(out(), true).release();
  expect(readdirSync(out())).toContain('paused');
});

describe('a folder is refused', () => {
  test.each(['', ' '])('when its name is %j', (name) => {
    expect(() => holdRunFolder(name, false)).toThrow(/--out "\s*" names no folder: choose another folder with --out/);
  });

  test.each(['config.json', 'events.jsonl', 'results.json', 'paused'])(
    "when it holds someone's %s, which stays",
    (name) => {
      mkdirSync(out());
      writeFileSync(join(out(), name), '{"mine":1}');
      for (const resume of [false, true]) {
        expect(() => holdRunFolder(out(), resume)).toThrow(
          `${name} is there and belongs to no run that could be continued: choose another folder with --out`,
        );
      }
      expect(readdirSync(out())).toEqual([name]);
      expect(readFileSync(join(out(), name), 'utf8')).toBe('{"mine":1}');
    },
  );

  test('when it holds a checkpoint and is not resumed; one that holds none to continue from is not resumed', () => {
    begin();
    const { best, last } = runFolder(out());
    writeFileSync(best, '');
    expect(() => holdRunFolder(out(), false)).toThrow(/already holds a run: continue it with --resume, or choose/);
    expect(() => holdRunFolder(out(), true)).toThrow(/best\.safetensors is there and belongs to no run/);
    writeFileSync(last, '');
    holdRunFolder(out(), true).release();
  });

  test('not when a run ended in it before its first checkpoint', () => {
    begin();
    for (const resume of [false, true]) holdRunFolder(out(), resume).release();
    writeFileSync(runFolder(out()).events, '');
    holdRunFolder(out(), false).release();
  });

  test('when it lies inside a run', () => {
    begin();
    expect(() => holdRunFolder(join(out(), 'checkpoints/more'), false)).toThrow(
      `lies inside the run ${out()}: choose another folder with --out`,
    );
    expect(readdirSync(join(out(), 'checkpoints'))).toEqual([]);
  });

  test('when it cannot be one: a file, a link that leads nowhere', () => {
    writeFileSync(out(), '');
    symlinkSync(out('nowhere'), out('link'));
    expect(() => holdRunFolder(out(), false)).toThrow(
      /cannot write .*run: a file, or a link .*: choose another folder/,
    );
    expect(() => holdRunFolder(out('link'), false)).toThrow(/a link that leads nowhere, is in the way/);
    expect(existsSync(out('nowhere'))).toBe(false);
  });

  test.skipIf(isRoot)('when it may not be written (not as root)', () => {
    chmodSync(folder, 0o555);
    expect(() => holdRunFolder(out(), false)).toThrow(/no permission to write there: choose another folder with --out/);
  });

  test.skipIf(process.platform !== 'linux')('where no folder can be made (/proc)', () => {
    expect(() => holdRunFolder('/proc/espalier/run', false)).toThrow(
      /cannot write \/proc\/espalier.*: a folder of the path does not exist and cannot be made: choose another folder/,
    );
  });
});

test('the best checkpoint is chosen, else the last, else an error says what to give', () => {
  begin();
  const run = runFolder(out());
  expect(() => chosenCheckpoint(run)).toThrow(/holds no checkpoint: give the folder that train --out wrote/);
  writeFileSync(run.last, '');
  expect(chosenCheckpoint(run)).toBe(run.last);
  writeFileSync(run.best, '');
  expect(chosenCheckpoint(run)).toBe(run.best);
});
