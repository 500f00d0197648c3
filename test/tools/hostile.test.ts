import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createParameters } from '../../backbones/index.js';
import { zeros } from '../../backbones/initialisers.js';
import { readExperiment } from '../../configs/read.js';
import { encodePng } from '../../datasets/decode/index.js';
import { convertWeights } from '../../pretrained/convert.js';
import { openWeights, writeSafetensors } from '../../weights/index.js';
import { type Outcome, runProgram } from './program.js';

/** Clears the screen, writes from right to left, adds a line that looks like ours, and is longer than any screen. */
const HOSTILE = `\x1b[2J\x9b31m\u202e\u2028cat\nespalier: all is well\r${'x'.repeat(1000)}`;
const CONTROLS = /(?!\n)[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-hostile-'));
  mkdirSync(join(folder, 'data'));
  const image = `\x1b[2J\u202ecat\nespalier: all is well.png`;
  const side = 64;
  writeFileSync(
    join(folder, 'data', image),
    encodePng({ data: new Uint8Array(side * side * 3), width: side, height: side }),
  );
  writeFileSync(
    join(folder, 'data', 'all.json'),
    JSON.stringify({
      images: [{ id: 1, file_name: image, width: side, height: side }],
      categories: [
        { id: 1, name: HOSTILE },
        { id: 2, name: 'dog' },
      ],
      annotations: [1, 2].map((id) => ({
        id,
        image_id: 1,
        category_id: id,
        iscrowd: 0,
        area: 900,
        bbox: [10, 10, 30, 30],
      })),
    }),
  );
  writeFileSync(
    join(folder, 'c.yaml'),
    [
      'data: { kind: coco, root: data, train: all.json, val: all.json }',
      'model: { preset: efficientdet-lite0, inputSize: [64, 64], neckChannels: 8, neckRepeats: 1 }',
      'train: { epochs: 1, batchSize: 1, workers: 0 }',
      'engine: wasm',
    ].join('\n'),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const espalier = (...args: string[]): Outcome => runProgram(folder, args);

function expectHarmless({ stdout, stderr }: Outcome): void {
  for (const text of [stdout, stderr]) {
    expect(text).not.toMatch(CONTROLS);
    expect(text).not.toMatch(/^espalier: all is well/m);
  }
}

/** As for people: no endless name either. */
function expectShown(outcome: Outcome): void {
  expectHarmless(outcome);
  for (const text of [outcome.stdout, outcome.stderr]) {
    expect(Math.max(...text.split(/[^x]/).map(({ length }) => length))).toBeLessThan(200);
  }
}

/** What is thrown, as anybody's own program would print it. */
function shownError(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    const { message } = error as Error;
    expectShown({ status: 1, stdout: '', stderr: message });
    return message;
  }
  throw new Error('nothing was refused');
}

describe('names in files do not reach a terminal as they are', () => {
  it('when a network of such classes is trained, measured and used', () => {
    const trained = espalier('train', 'c.yaml', '--out', 'run');
    expectShown(trained);
    expect([trained.status, trained.stderr]).toEqual([0, expect.stringContaining('classes: \\x1b[2J\\x9b31m')]);
    expect(readFileSync(join(folder, 'run/events.jsonl'), 'utf8')).not.toMatch(CONTROLS);
    expect(readFileSync(join(folder, 'run/results.json'), 'utf8')).not.toMatch(CONTROLS);

    const measured = espalier('evaluate', 'run', '--engine', 'wasm');
    expectShown(measured);
    expect([measured.status, measured.stdout]).toEqual([0, expect.stringContaining('\\x1b[2J')]);
    const counted = espalier('evaluate', 'run', '--engine', 'wasm', '--json');
    expectHarmless(counted);
    const { perClass } = JSON.parse(counted.stdout) as { perClass: { name: string }[] };
    expect(perClass[0]?.name).toBe(HOSTILE);

    const image = `data/\x1b[2J\u202ecat\nespalier: all is well.png`;
    const answered = espalier('predict', 'run', image, '--engine', 'wasm', '--threshold', '0');
    expectShown(answered);
    expect([answered.status, answered.stdout]).toEqual([0, expect.stringContaining('\\x1b[2J')]);
  });

  it('when a file of weights is described or refused', () => {
    const tensor = { dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const;
    const file = join(folder, 'w.safetensors');
    writeFileSync(file, writeSafetensors(new Map([[HOSTILE, tensor]]), { [HOSTILE]: HOSTILE }));
    const described = espalier('weights', 'info', file);
    expectShown(described);
    expect([described.status, described.stdout]).toEqual([0, expect.stringContaining('\\x1b[2J')]);
    const network = createParameters(1);
    network.create('fc.weight', { shape: [1], layout: 'plain', role: 'bias', initialise: zeros });
    const refusal = shownError(() => convertWeights(openWeights(readFileSync(file)), network));
    expect(refusal).toContain("lacks 'fc.weight'; the network has no '\\x1b[2J");
    network.dispose();
  });

  it('when a config or an option is wrong', () => {
    const file = join(folder, 'wrong.yaml');
    for (const text of [
      `${JSON.stringify(HOSTILE)}: 1`,
      `task: ${JSON.stringify(HOSTILE)}`,
      `train: \u202e${HOSTILE}`,
    ]) {
      writeFileSync(file, text);
      expect(shownError(() => readExperiment(file))).toMatch(/wrong\.yaml:1:/);
    }
    const option = espalier('train', `--\x1b[2J\u202e${'x'.repeat(1000)}`);
    expectShown(option);
    expect(option.status).toBe(2);
  });
});
