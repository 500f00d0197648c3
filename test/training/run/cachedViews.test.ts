import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { createRandom, permutation } from '../../../engine/random.js';
import type { TrainBatch, TrainLoader } from '../../../training/run/batch.js';
import { type CachedViewsOptions, createCachedViews } from '../../../training/run/cachedViews.js';

const [IMAGES, BATCH] = [5, 2];
/** Image i in view v is 2 x 2 pixels of 10 i + v; its target is i. */
function source(): TrainLoader & { readonly read: () => number; readonly open: () => number } {
  let [read, open] = [0, 0];
  const batchOf = (view: number, members: readonly number[]): TrainBatch => {
    read += members.length;
    open++;
    return {
      images: Uint8Array.from(members.flatMap((i) => Array<number>(4).fill(10 * i + view))),
      shape: [members.length, 2, 2, 1],
      targets: { own: { data: Int32Array.from(members), shape: [members.length, 1] } },
      ids: members.map((i) => `${i}.png`),
      release: () => {
        open--;
      },
    };
  };
  return {
    read: () => read,
    open: () => open,
    stepsPerEpoch: 3,
    layout: async () => ({
      images: [BATCH, 2, 2, 1],
      targets: { own: { shape: [BATCH, 1], dtype: 'int32' } },
      heldBytes: () => 0,
    }),
    batches: async function* (view) {
      for (const members of [[0, 1], [2, 3], [4]]) yield batchOf(view, members);
    },
  };
}

function cached(options: Partial<CachedViewsOptions> = {}) {
  const from = source();
  const lines: string[] = [];
  const loader = createCachedViews({
    source: from,
    images: IMAGES,
    batchSize: BATCH,
    views: 2,
    seed: 3,
    pack: async (images) => tf.tidy(() => tf.cast(tf.slice(images, [0, 0, 0, 0], [-1, 2, 1, 1]), 'float32')),
    available: 1e6,
    say: (line) => lines.push(line),
    ...options,
  });
  return { from, loader, lines };
}

async function epochOf(loader: TrainLoader, epoch: number, fromStep = 0) {
  const found: {
    readonly ids: readonly string[];
    readonly maps: readonly number[];
    readonly own: readonly number[];
  }[] = [];
  for await (const batch of loader.batches(epoch, fromStep)) {
    found.push({ ids: batch.ids, maps: [...batch.images], own: [...(batch.targets.own?.data ?? [])] });
    expect(batch.shape).toEqual([BATCH, 2, 1, 1]);
    batch.release();
  }
  return found;
}

describe('kept maps of views', () => {
  test('are those of their images, in an order of each epoch, and no image is read again', async () => {
    const before = tf.memory().numTensors;
    const { from, loader, lines } = cached();
    expect((await loader.layout()).images).toEqual([2, 2, 1, 1]);
    for (const epoch of [0, 1, 2, 7]) {
      const order = permutation(IMAGES, createRandom([3, epoch]));
      const found = await epochOf(loader, epoch);
      expect(found.flatMap(({ own }) => own)).toEqual([...order.slice(0, 4)]);
      for (const { ids, maps, own } of found) {
        expect(maps).toEqual(own.flatMap((i) => [10 * i + (epoch % 2), 10 * i + (epoch % 2)]));
        expect(ids).toEqual(own.map((i) => `${i}.png`));
      }
    }
    expect([from.read(), from.open()]).toEqual([2 * IMAGES, 0]);
    expect(lines[0]).toMatch(/^maps: 5 images in 2 views after /);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('go on in the middle of an epoch', async () => {
    const whole = await epochOf(cached().loader, 3);
    expect(await epochOf(cached().loader, 3, 1)).toEqual(whole.slice(1));
  });

  test('are refused before the first image where they have no room', async () => {
    const { from, loader } = cached({ views: 50, available: 2000 });
    await expect(loader.layout()).rejects.toThrow(
      'train.cachedViews: the maps of 5 images in 50 views take 0.00 GiB, 0.00 GiB may be taken: set it to 20 or less',
    );
    await expect(cached({ available: 50 }).loader.layout()).rejects.toThrow('lower model.inputSize, or leave it out');
    expect(from.read()).toBe(0);
  });
});
