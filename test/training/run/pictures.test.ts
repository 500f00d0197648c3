import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SemanticTruth } from '../../../datasets/sample.js';
import { createEncoder } from '../../../heads/semantic/encoder.js';
import type { PlacedBatch } from '../../../training/run/batch.js';
import { createPictures, isKept, type KeptPictures, type Pictures } from '../../../training/run/pictures.js';

let folder: string;
let pictures: Pictures;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'espalier-pictures-')), 'pictures');
  pictures = make(folder);
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

const labels = { classes: ['a', 'b'].map((name, id) => ({ id, name })) };
const make = (path: string): Pictures =>
  createPictures({
    folder: path,
    encoder: createEncoder({ inputSize: [2, 4] }),
    threshold: 0.3,
    labels,
    about: { labels: () => ({ classes: [] }), anchors: () => null },
  });

/** Two images of 2 x 4 pixels. */
const batch = (step: number): PlacedBatch => ({
  step,
  epoch: 0,
  batch: {
    images: new Uint8Array(2 * 2 * 4 * 3).fill(step),
    shape: [2, 2, 4, 3],
    targets: { mask: { data: Int32Array.of(0, 0, 1, 1, -1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), shape: [2, 2, 4] } },
    ids: ['one.png', 'two.png'],
    release: () => undefined,
  },
});
const read = (name: string): KeptPictures => JSON.parse(readFileSync(join(folder, name), 'utf8')) as KeptPictures;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** An image of which so many of four pixels are answered wrongly. */
function answer(id: string, wrong: number): void {
  const truth: SemanticTruth = { kind: 'classMap', mask: Uint8Array.of(0, 0, 0, 0), width: 2, height: 2 };
  const image = { data: new Uint8Array(12), width: 2, height: 2 };
  pictures.answer(
    { id, image, truth },
    { mask: Uint8Array.from({ length: 4 }, (_, i) => (i < wrong ? 1 : 0)), width: 2, height: 2 },
  );
}

test('the first batch is kept as the network sees it, with its targets decoded; the next one after an evaluation', async () => {
  for (const step of [0, 1]) pictures.batch(batch(step));
  await turn();
  expect(readdirSync(folder).sort()).toEqual(['batch-0-0.jpg', 'batch-0-1.jpg', 'batch-0.json', 'labels.json']);
  const [first] = read('batch-0.json').pictures;
  expect(first).toMatchObject({ id: 'one.png', width: 4, height: 2, answer: null, error: null });
  expect(first?.truth?.map?.runs).toEqual([0, 2, 1, 2, 255, 1, 1, 3]);
  pictures.evaluated(2, {});
  pictures.batch(batch(2));
  await turn();
  expect(readdirSync(folder)).toContain('batch-2.json');
});

test('the same images are kept at every evaluation, and the eight worst', () => {
  for (const step of [5, 10]) {
    for (let i = 0; i < 20; i++) answer(`${i}.png`, i === 15 ? 4 : i % 3);
    pictures.evaluated(step, {});
  }
  const kept = read('answers-10.json');
  expect(kept.pictures.map(({ id }) => id)).toEqual(Array.from({ length: 8 }, (_, i) => `${i}.png`));
  expect(kept.worst?.[0]).toMatchObject({ id: '15.png', error: 1 });
  expect(kept.worst).toHaveLength(8);
  expect(kept.worst?.at(-1)?.error).toBe(0.25);
  expect(kept.confusion).toEqual([
    [4 * 20 - 23, 23],
    [0, 0],
  ]);
});

test('of many evaluations every second is kept, then every fourth', () => {
  const kept = Array.from({ length: 800 }, (_, n) => n).filter(isKept);
  expect(kept.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, n) => n));
  expect([kept[100], kept[101]]).toEqual([100, 102]);
  expect(kept).toHaveLength(100 + 50 + 50 + 50);
});

test('what cannot be written ends the run at the next step', async () => {
  const file = join(folder, '..', 'file');
  writeFileSync(file, '');
  const blocked = make(file);
  blocked.batch(batch(0));
  await turn();
  expect(() => blocked.batch(batch(1))).toThrow(/file/);
});
