import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../datasets/dataset.js';
import { type DetectionTruth, IGNORED, type SemanticTruth } from '../../../datasets/sample.js';
import { type AugmentConfig, plain } from '../../../datasets/transforms/augment.js';
import { restoreBoxes } from '../../../datasets/transforms/boxes.js';
import { ConfigError, DataError, EspalierError } from '../../../engine/errors.js';
import { augment, defaults, encoderModule, epochOf, open, writeImages, writeMasks } from './fixture.js';

const entries = writeImages(11);

describe('the same values whatever runs them', () => {
  const reference = epochOf(entries, {}, 2);

  test.each([1, 2, 3])('with %i worker threads as with none', async (workers) => {
    expect(await epochOf(entries, { workers }, 2)).toEqual(await reference);
  });

  test.each([0, 2])('with a cache of every size, %i workers, also in the second epoch', async (workers) => {
    const second = await epochOf(entries, {}, 3);
    for (const cacheBytes of [6000, 1e8]) {
      const loader = open(entries, { workers, cacheBytes });
      for await (const batch of loader.batches(2)) batch.release();
      const images: number[][] = [];
      for await (const batch of loader.batches(3)) {
        images.push([...batch.images]);
        batch.release();
      }
      await loader.dispose();
      expect(images).toEqual(second.map((batch) => batch.images));
    }
  });

  test('when started in the middle of an epoch', async () => {
    expect(await epochOf(entries, { workers: 2 }, 2, 1)).toEqual((await reference).slice(1));
    expect(await epochOf(entries, {}, 2, 3)).toEqual([]);
  });

  test('when no batch is ever released', async () => {
    const loader = open(entries, { workers: 2 });
    const kept = [];
    for await (const batch of loader.batches(2)) kept.push(batch);
    expect(kept.map((batch) => [...batch.images])).toEqual((await reference).map((batch) => batch.images));
    await loader.dispose();
  });

  test('but not with another seed or in another epoch', async () => {
    const images = async (seed: number, epoch: number) =>
      (await epochOf(entries, { seed }, epoch)).map((b) => b.images);
    expect(await images(6, 2)).not.toEqual((await reference).map((batch) => batch.images));
    expect(await images(5, 1)).not.toEqual((await reference).map((batch) => batch.images));
  });
});

describe('the shares of several processes', () => {
  test.each([1, 2, 4])('are disjoint and make up the batches of one: %i processes', async (tasks) => {
    const whole = await epochOf(entries, { batchSize: 4 }, 2);
    const shares = await Promise.all(
      Array.from({ length: tasks }, (_, task) => epochOf(entries, { batchSize: 4, share: { task, tasks } }, 2)),
    );
    whole.forEach((batch, step) => {
      const parts = shares.map((share) => share[step]);
      expect(parts.flatMap((part) => part?.ids)).toEqual(batch.ids);
      expect(parts.flatMap((part) => part?.images)).toEqual(batch.images);
    });
    expect(shares.every((share) => share.length === whole.length)).toBe(true);
  });

  test('are refused where they would not be equal', () => {
    expect(() => open(entries, { batchSize: 4, share: { task: 0, tasks: 3 } })).toThrow(
      'batches of 4 images cannot be shared evenly by 3 processes: give a batchSize that is a multiple of 3',
    );
  });
});

describe('what a batch holds', () => {
  test('every image once an epoch, in an order of the epoch; the rest is dropped or left as a smaller batch', async () => {
    const all = (await epochOf(entries, { dropLast: false })).flatMap((batch) => batch.ids);
    expect([...all].sort()).toEqual(entries.map(({ id }) => id).sort());
    expect(all).not.toEqual(entries.map(({ id }) => id));
    const full = await epochOf(entries, {});
    expect(full.map((batch) => batch.shape)).toEqual(Array.from({ length: 3 }, () => [3, 24, 32, 3]));
    const last = (await epochOf(entries, { dropLast: false })).at(-1);
    expect(last?.shape).toEqual([2, 24, 32, 3]);
    expect(last?.images.length).toBe(2 * 24 * 32 * 3);
    expect(last?.targets.map(([, , shape]) => shape)).toEqual([[2, 3, 4], [2, 3], [2]]);
  });

  test('without shuffling, the data set in its order', async () => {
    const batches = await epochOf(entries, { shuffle: false, dropLast: false });
    expect(batches.flatMap((batch) => batch.ids)).toEqual(entries.map(({ id }) => id));
  });

  test('targets belong to their image: labels name it, boxes restore to the file by the placement', async () => {
    const loader = open(entries, { augment: plain([24, 32]), workers: 1, keepTruth: true });
    for await (const batch of loader.batches(0)) {
      const labels = batch.targets.labels?.data ?? [];
      const boxes = batch.targets.boxes?.data as Float32Array;
      batch.ids.forEach((id, row) => {
        const truth = batch.truths[row] as DetectionTruth;
        const placement = batch.placements[row];
        const count = truth.labels.length;
        expect([...labels.slice(row * 3, row * 3 + count)]).toEqual(Array(count).fill(Number.parseInt(id, 10)));
        if (placement === undefined) throw new Error('no placement');
        restoreBoxes(boxes.slice(row * 12, row * 12 + count * 4), placement).forEach((edge, i) => {
          expect(edge).toBeCloseTo(truth.boxes[i] ?? -1, 4);
        });
      });
      batch.release();
    }
    await loader.dispose();
  });

  test('truths are those of the files, and absent unless asked for', async () => {
    for (const workers of [0, 1]) {
      const loader = open(entries, { workers, keepTruth: true, shuffle: false });
      for await (const batch of loader.batches(0)) {
        batch.ids.forEach((id, row) => {
          expect(batch.truths[row]).toEqual(entries.find((entry) => entry.id === id)?.truth);
        });
      }
      await loader.dispose();
    }
    const loader = open(entries);
    for await (const batch of loader.batches(0)) expect(batch.truths).toEqual([]);
  });

  test('class maps arrive in original pixels, read by any thread', async () => {
    const truthsOf = async (workers: number) => {
      const loader = open(writeMasks(4), { workers, keepTruth: true, shuffle: false, encoder: null, batchSize: 2 });
      const truths = [];
      for await (const batch of loader.batches(0)) truths.push(...batch.truths);
      await loader.dispose();
      return truths as SemanticTruth[];
    };
    const truths = await truthsOf(0);
    expect(truths.map(({ width, height, mask }) => [width, height, mask[0], mask[1]])).toEqual(
      [0, 1, 2, 3].map((i) => [20 + i, 10, i % 2, IGNORED]),
    );
    expect(await truthsOf(2)).toEqual(truths);
  });

  test('without an encoder there are no targets', async () => {
    const [batch] = await epochOf(entries, { encoder: null, workers: 1 });
    expect(batch?.targets).toEqual([]);
    expect(batch?.images.length).toBe(3 * 24 * 32 * 3);
  });

  test('released memory is used again', async () => {
    const loader = open(entries);
    const buffers = new Set<ArrayBufferLike>();
    for (let epoch = 0; epoch < 6; epoch++) {
      for await (const batch of loader.batches(epoch)) {
        buffers.add(batch.images.buffer);
        batch.release();
        batch.release();
      }
    }
    expect(buffers.size).toBeLessThanOrEqual(4);
  });
});

describe('what goes wrong', () => {
  const broken = (file: string): Entry<DetectionTruth>[] => [
    ...entries.slice(0, 5),
    { ...(entries[5] as Entry<DetectionTruth>), file },
  ];

  test.each([0, 2])(
    'a missing image is a DataError naming it, with %i workers, and the loader lives on',
    async (workers) => {
      const loader = open(broken('/nowhere/gone.png'), { workers, shuffle: false });
      const iterate = async () => {
        const ids: string[] = [];
        for await (const batch of loader.batches(0)) ids.push(...batch.ids);
        return ids;
      };
      const error = await iterate().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DataError);
      expect(error).toMatchObject({ file: '/nowhere/gone.png', message: expect.stringContaining('gone.png') });
      await expect(iterate()).rejects.toThrow(DataError);
      await loader.dispose();
    },
  );

  test('the batches before the failing one arrive', async () => {
    const loader = open(broken('/nowhere/gone.png'), { workers: 2, shuffle: false });
    const iterator = loader.batches(0);
    expect((await iterator.next()).done).toBe(false);
    await expect(iterator.next()).rejects.toThrow(/gone\.png/);
    await loader.dispose();
  });

  test.each([0, 2])('a damaged image has the same message with %i workers', async (workers) => {
    const file = `${entries[5]?.file}.cut.png`;
    writeFileSync(file, Uint8Array.from([137, 80, 78, 71, 13, 10, 26, 10, 0, 0]));
    await expect(epochOf(broken(file), { workers })).rejects.toThrow(DataError);
    await expect(epochOf(broken(file), { workers })).rejects.toThrow(file);
  });

  test.each([0, 1])('an error of the encoder keeps its class and message with %i workers', async (workers) => {
    const encoder = { module: encoderModule, config: { rows: 3, failAt: 4 } };
    const failed = epochOf(entries, { workers, encoder, augment: plain([24, 32]), dropLast: false });
    await expect(failed).rejects.toThrow(RangeError);
    await expect(failed).rejects.toThrow('label out of range');
  });

  test('a thread that dies is an error with a remedy, not a hang, and stays one', async () => {
    const encoder = { module: encoderModule, config: { rows: 3, exitAt: 4 } };
    const loader = open(entries, { workers: 2, encoder, augment: plain([24, 32]), shuffle: false });
    const iterate = async () => {
      for await (const batch of loader.batches(0)) batch.release();
    };
    await expect(iterate()).rejects.toThrow(/stopped at .*4\.png \(exit code 3\).*workers: 0/);
    await expect(iterate()).rejects.toThrow(EspalierError);
    await loader.dispose();
  });

  test('a missing encoder module says what to build; one without createEncoder says so', async () => {
    const at = (module: string) => open(entries, { encoder: { module, config: null } });
    expect(() => at('file:///nowhere/encoder.js')).toThrow(
      '/nowhere/encoder.js is not there: a head names it as the module of its encoder',
    );
    const fixture = new URL('./fixture.ts', import.meta.url).href;
    expect(() => at(fixture)).toThrow(/npm run build/);
  });

  test('disposing ends a waiting iteration with an error', async () => {
    const loader = open(entries, { workers: 1 });
    const waiting = expect(loader.batches(0).next()).rejects.toThrow(/disposed/);
    await loader.dispose();
    await waiting;
  });

  test('leaving an iteration early leaves the loader usable', async () => {
    const loader = open(entries, { workers: 2 });
    for await (const batch of loader.batches(0)) {
      batch.release();
      break;
    }
    let count = 0;
    for await (const batch of loader.batches(1)) count += batch.ids.length;
    expect(count).toBe(9);
    await loader.dispose();
  });

  test('a split without a full batch is refused with the numbers', () => {
    expect(() => open(entries.slice(0, 2))).toThrow(ConfigError);
    expect(() => open(entries.slice(0, 2))).toThrow(/2 images do not fill one batch of 3/);
    expect(() => open([], { dropLast: false })).toThrow(/empty/);
    expect(open(entries.slice(0, 2), { dropLast: false }).stepsPerEpoch).toBe(1);
  });

  test('a batch too large to share is refused before memory is taken', async () => {
    const loader = open(entries, { augment: plain([40_000, 40_000]), encoder: defaults.encoder });
    await expect(loader.batches(0).next()).rejects.toThrow(/lower batchSize/);
  });
});

describe('augmentation by policies, ops and several images', () => {
  const many: AugmentConfig = {
    ...augment,
    policy: 'detection-v2',
    ops: [
      { op: 'rotate', probability: 0.5, range: [-30, 30] },
      { op: 'perspective', probability: 0.5, range: [0.2, 0.4] },
      { op: 'noise', probability: 0.5, range: [0, 0.3] },
      { op: 'cutout', probability: 0.5, range: [0.1, 0.3] },
      { op: 'jpeg', probability: 0.5, range: [30, 80] },
    ],
    mixing: {
      mosaic: { probability: 0.6 },
      mixup: { probability: 0.4, alpha: 8 },
      cutmix: { probability: 0.4, alpha: 1 },
    },
  };

  test.each([1, 2])('gives the same with %i worker threads as with none, from any step', async (workers) => {
    const reference = await epochOf(entries, { augment: many }, 2);
    expect(await epochOf(entries, { augment: many, workers, cacheBytes: 1e6 }, 2)).toEqual(reference);
    expect(await epochOf(entries, { augment: many, workers }, 2, 2)).toEqual(reference.slice(2));
    expect(await epochOf(entries, { augment: many }, 3)).not.toEqual(reference);
    const labels = reference.flatMap(({ targets }) =>
      targets.flatMap(([name, data]) => (name === 'labels' ? [data] : [])),
    );
    expect(labels.length).toBeGreaterThan(0);
  });

  test('of images one pixel wide and of data sets of one image', async () => {
    const [one] = writeImages(1);
    if (one === undefined) throw new Error('no image');
    const [batch] = await epochOf([one], { augment: many, batchSize: 1 }, 0);
    expect(batch?.shape).toEqual([1, 24, 32, 3]);
  });
});
