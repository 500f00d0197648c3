import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Dataset, IGNORED, readSample, type Sample, type Truth } from '../../datasets/index.js';

export interface DatasetCase {
  readonly name: string;
  readonly create: () => Promise<Dataset<Truth>>;
  /** Images read by the cases; the rest is checked by entry only. */
  readonly images?: number;
}

/** What every reader owes the code that trains on it. */
export function runDatasetCases({ name, create, images = 3 }: DatasetCase): void {
  describe(`${name} as a data set`, () => {
    it('has as many entries as samples, with unique ids and absolute files that exist', async () => {
      const data = await create();
      expect(data.size).toBeGreaterThan(0);
      expect(data.entries).toHaveLength(data.size);
      expect(new Set(data.entries.map(({ id }) => id)).size).toBe(data.size);
      for (const { id, file } of data.entries) {
        expect(isAbsolute(file) && existsSync(file)).toBe(true);
        expect(id).not.toMatch(/\\|^\/|\.\./);
      }
    });

    it('has unique class names and ids', async () => {
      const { classes } = (await create()).labels;
      expect(new Set(classes.map((entry) => entry.name)).size).toBe(classes.length);
      expect(new Set(classes.map((entry) => entry.id)).size).toBe(classes.length);
    });

    it('reads in a worker what it reads here: entries survive a structured clone', async () => {
      const data = await create();
      for (let i = 0; i < Math.min(images, data.size); i++) {
        const entry = data.entries[i] as Dataset['entries'][number];
        expectEqualSamples(await readSample(structuredClone(entry)), await data.get(i));
      }
    });

    it('gives truths within the image and the classes', async () => {
      const data = await create();
      for (let i = 0; i < Math.min(images, data.size); i++) checkSample(await data.get(i), data.labels.classes.length);
    });

    it('iterates in the order of its entries', async () => {
      const data = await create();
      let i = 0;
      for await (const sample of data) {
        expect(sample.id).toBe(data.entries[i]?.id);
        if (++i === images) break;
      }
    });

    it('is the same when opened again', async () => {
      expect((await create()).entries).toEqual((await create()).entries);
    });

    it('refuses a position it does not have', async () => {
      const data = await create();
      await expect(data.get(data.size)).rejects.toThrow(RangeError);
    });
  });
}

/** Bytes are compared as buffers: element by element takes seconds for an image. */
function expectEqualSamples(a: Sample, b: Sample): void {
  const plain = ({ id, image, truth }: Sample) =>
    truth.kind === 'boxes' ? { id, truth } : { id, width: image.width, height: image.height };
  expect(plain(a)).toEqual(plain(b));
  const bytesOf = ({ data }: Sample['image']) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  expect(bytesOf(a.image).equals(bytesOf(b.image))).toBe(true);
  if (a.truth.kind === 'classMap' && b.truth.kind === 'classMap') {
    expect(Buffer.from(a.truth.mask).equals(b.truth.mask)).toBe(true);
  }
}

function checkSample({ image, truth }: Sample, classes: number): void {
  expect(image.data).toHaveLength(image.width * image.height * 3);
  if (truth.kind === 'classMap') {
    expect([truth.width, truth.height]).toEqual([image.width, image.height]);
    expect(truth.mask).toHaveLength(image.width * image.height);
    expect(truth.mask.every((index) => index < classes || index === IGNORED)).toBe(true);
    return;
  }
  if (truth.kind === 'labels') {
    expect([...truth.labels]).toEqual([...new Set(truth.labels)].sort((a, b) => a - b));
    expect(truth.labels.every((label) => label >= 0 && label < classes)).toBe(true);
    return;
  }
  const { boxes, labels, ignored, areas } = truth;
  expect([boxes.length, ignored.length, areas.length]).toEqual([labels.length * 4, labels.length, labels.length]);
  for (let m = 0; m < labels.length; m++) {
    const [x1 = -1, y1 = -1, x2 = -1, y2 = -1] = boxes.subarray(m * 4, m * 4 + 4);
    expect(0 <= x1 && x1 < x2 && x2 <= image.width).toBe(true);
    expect(0 <= y1 && y1 < y2 && y2 <= image.height).toBe(true);
    expect(labels[m]).toBeLessThan(classes);
  }
}
