import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Instances, InstanceTruth, Truth } from '../../datasets/sample.js';
import { createRandom } from '../../engine/random.js';
import { TASKS, type Task, type TaskName } from '../../heads/index.js';
import { type AnswersHeader, createAnswersWriter, mergeAnswers, rangeOf } from '../../tools/shards.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-shards-'));
afterAll(() => rmSync(folder, { recursive: true }));

const IMAGES = 23;
const BATCH = 4;
const CLASSES = ['a', 'b', 'c'].map((name, i) => ({ id: i * 7, name }));

const random = createRandom([3]);
const boxes = (count: number): Float64Array =>
  Float64Array.from({ length: count * 4 }, (_, i) => random.uniform(i % 4 < 2 ? 0 : 50, i % 4 < 2 ? 50 : 100));
const labels = (count: number): Int32Array => Int32Array.from({ length: count }, () => random.integer(3));
const scores = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.uniform(0, 1));

/** Truths and answers of images, by task. */
type Sampled = Exclude<TaskName, 'panoptic'>;

const SAMPLES: { readonly [name in Sampled]: (i: number) => readonly [truth: unknown, answer: unknown] } = {
  detection: (i) => {
    const [real, found] = [i % 4, i % 7];
    const truth = { kind: 'boxes', boxes: boxes(real), labels: labels(real) };
    return [
      { ...truth, ignored: new Uint8Array(real), areas: Float64Array.from({ length: real }, () => 1000 / 3) },
      { boxes: Float32Array.from(boxes(found)), labels: labels(found), scores: scores(found) },
    ];
  },
  instances: (i) => {
    const real = (i % 3) + 1;
    const truth: InstanceTruth = {
      kind: 'instances',
      boxes: boxes(real),
      labels: labels(real),
      ignored: new Uint8Array(real),
      areas: new Float64Array(real).fill(12),
      masks: Array.from({ length: real }, () => ({
        left: 1,
        top: 2,
        width: 3,
        height: 4,
        data: new Uint8Array(12).fill(1),
      })),
    };
    const answer: Instances = {
      boxes: Float32Array.from(boxes(1)),
      labels: labels(1),
      scores: scores(1),
      masks: [{ size: [100, 100], counts: '52e2' } as never],
    };
    return [
      truth,
      i % 5 === 0
        ? { ...answer, boxes: new Float32Array(), labels: new Int32Array(), scores: new Float32Array(), masks: [] }
        : answer,
    ];
  },
  segmentation: () => {
    const mask = () => Uint8Array.from({ length: 30 }, () => random.integer(3));
    return [
      { kind: 'classMap', mask: mask(), width: 6, height: 5 },
      { mask: mask(), width: 6, height: 5 },
    ];
  },
  classification: () => [
    { kind: 'labels', labels: Int32Array.of(random.integer(3)) },
    { probabilities: Float32Array.of(0.25, 0.25, 0.5), isExclusive: true },
  ],
};

const header = (task: TaskName, index: number, count: number): AnswersHeader => ({
  format: 'espalier-answers',
  version: 1,
  task,
  classes: CLASSES,
  maxDetections: 100,
  about: { split: 'val', source: 'a run', images: IMAGES },
  shard: { index, count },
  range: [...rangeOf({ index, count }, IMAGES, BATCH)],
});

/** One process, and the files of several. */
function evaluateTwice(task: Sampled, count: number) {
  const samples = Array.from({ length: IMAGES }, (_, i) => SAMPLES[task](i));
  const { createEvaluator } = TASKS[task] as unknown as Task;
  const whole = createEvaluator({ classes: CLASSES }, { maxDetections: 100 });
  samples.forEach(([truth, answer], i) => {
    whole.add(`${i}`, truth as Truth, answer);
  });
  const files = Array.from({ length: count }, (_, shard) => {
    const own = header(task, shard + 1, count);
    const writer = createAnswersWriter(own);
    for (let i = own.range[0]; i < own.range[1]; i++) {
      const [truth, answer] = samples[i] as readonly [unknown, unknown];
      writer.add(`${i}`, truth as Truth, answer);
    }
    const file = join(folder, `${task}-${shard + 1}-of-${count}`);
    writer.write(file);
    return file;
  });
  return { report: whole.report(), files };
}

describe('shards', () => {
  it.each([
    [1, 23, 4],
    [3, 23, 4],
    [8, 23, 4],
    [5, 3, 1],
    [7, 0, 8],
  ])('%i of them share %i images out in whole batches of %i', (count, size, batch) => {
    const ranges = Array.from({ length: count }, (_, i) => rangeOf({ index: i + 1, count }, size, batch));
    expect(ranges[0]?.[0]).toBe(0);
    expect(ranges.at(-1)?.[1]).toBe(size);
    ranges.slice(1).forEach(([from], i) => {
      expect(from).toBe(ranges[i]?.[1]);
      expect(from === size || from % batch === 0).toBe(true);
    });
  });

  it.each(['detection', 'instances', 'segmentation', 'classification'] as const)(
    'of %s measure what one process measures, to the same bits, in any order of the files',
    async (task) => {
      const { report, files } = evaluateTwice(task, 3);
      const merged = await mergeAnswers(files.toReversed());
      expect(merged.report).toEqual(report);
      expect(JSON.stringify(merged.report)).toBe(JSON.stringify(report));
      expect(JSON.stringify(report)).not.toBe('{}');
    },
  );

  it('hold names with every character that ends a line elsewhere', async () => {
    const about = { ...header('classification', 1, 1), about: { split: 'val', source: 'a\u2028run\r', images: 1 } };
    const writer = createAnswersWriter({ ...about, range: [0, 1] });
    const [truth, answer] = SAMPLES.classification(0);
    writer.add('a\u2028b\u2029c\r\nd\u0085', truth as Truth, answer);
    const file = join(folder, 'lines');
    writer.write(file);
    expect((await mergeAnswers([file])).header.about.source).toBe('a\u2028run\r');
  });

  it('may be more than there are batches', async () => {
    const { report, files } = evaluateTwice('detection', 9);
    expect((await mergeAnswers(files)).report).toEqual(report);
  });

  it('are refused where one is missing, given twice, of another evaluation, or damaged', async () => {
    const { files } = evaluateTwice('detection', 3);
    const [first = '', second = '', third = ''] = files;
    await expect(mergeAnswers([first, third])).rejects.toThrow(/images 8 to 16 are in none of the files: name all 3/);
    await expect(mergeAnswers([first, second])).rejects.toThrow('images from 16 on are in none of the files');
    await expect(mergeAnswers([first, first, second, third])).rejects.toThrow('once each');
    const others = evaluateTwice('segmentation', 3).files;
    await expect(mergeAnswers([first, others[1] ?? ''])).rejects.toThrow('is of another evaluation than');
    const damaged = join(folder, 'damaged');
    writeFileSync(damaged, readFileSync(second).subarray(0, 200));
    await expect(mergeAnswers([first, damaged, third])).rejects.toThrow('is damaged, or no file of evaluate --shard');
    writeFileSync(damaged, 'text');
    await expect(mergeAnswers([damaged])).rejects.toThrow('is damaged, or no file of evaluate --shard');
    await expect(mergeAnswers([])).rejects.toThrow('nothing to merge');
  });
});
