import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { planMedical, planOf, renderMedicalPlan } from '../../configs/medicalPlan.js';
import { parseExperiment } from '../../configs/read.js';
import { openData } from '../../datasets/index.js';
import { fingerprintOf } from '../../datasets/medical/fingerprint.js';
import { planNnunet, resampledTo } from '../../datasets/medical/nnunet.js';
import { writeNifti } from '../../datasets/volumes/nifti.js';
import { folderWith } from '../datasets/folder.js';

type Triple = readonly [number, number, number];
interface Drawn {
  readonly channels: readonly string[];
  readonly classes: number;
  readonly cases: readonly {
    readonly shape: Triple;
    readonly spacing: Triple;
    readonly box: readonly [number, number][];
  }[];
  readonly fingerprint: {
    readonly shapes: readonly Triple[];
    readonly relativeSize: number;
    readonly intensities: readonly { readonly [figure: string]: number }[];
  };
  readonly plan: {
    readonly spacing: readonly number[];
    readonly medianShape: readonly number[];
    readonly patch: readonly number[];
    readonly batch: number;
    readonly stages: number;
    readonly strides: readonly (readonly number[])[];
    readonly normalization: readonly string[];
    readonly masked: readonly boolean[];
  };
}
const { sets } = JSON.parse(readFileSync(new URL('../golden/plans.json', import.meta.url), 'utf8')) as {
  readonly sets: readonly Drawn[];
};

/** The volumes that bench/peers/recordPlans.py draws. */
function draw({ channels, classes, cases }: Drawn): string {
  const files: { [path: string]: Uint8Array | string } = {
    'dataset.json': JSON.stringify({
      channel_names: Object.fromEntries(channels.entries()),
      labels: Object.fromEntries([
        ['background', 0],
        ...Array.from({ length: classes }, (_, k) => [`class${k + 1}`, k + 1]),
      ]),
    }),
  };
  for (const [number, { shape, spacing, box }] of cases.entries()) {
    const [depth, height, width] = shape;
    const [sz, sy, sx] = spacing;
    const affine = [sx, 0, 0, 0, 0, sy, 0, 0, 0, 0, sz, 0];
    const size = { width, height, depth, channels: 1, spacing: [sx, sy, sz] as const, affine };
    const labels = new Uint8Array(width * height * depth);
    const values = channels.map(() => new Uint8Array(labels.length));
    const [zs, ys, xs] = box as [[number, number], [number, number], [number, number]];
    const isThick = zs[1] - zs[0] > 4;
    for (let z = zs[0]; z <= zs[1]; z++) {
      for (let y = ys[0]; y <= ys[1]; y++) {
        for (let x = xs[0]; x <= xs[1]; x++) {
          const at = (z * height + y) * width + x;
          for (const [c, own] of values.entries()) own[at] = 1 + ((7 * x + 13 * y + 29 * z + 31 * c) % 251);
          const apart = Math.min(y - ys[0], ys[1] - y, x - xs[0], xs[1] - x);
          const deep = isThick ? Math.min(z - zs[0], zs[1] - z) : Number.POSITIVE_INFINITY;
          let label = 0;
          for (let k = 1; k <= classes; k++) if (apart >= 10 * k && deep >= k >> 1) label = k;
          labels[at] = label;
        }
      }
    }
    for (const [c, data] of values.entries()) {
      files[`imagesTr/case${number}_${String(c).padStart(4, '0')}.nii.gz`] = niftiOf(data, { ...size, data });
    }
    files[`labelsTr/case${number}.nii.gz`] = niftiOf(labels, { ...size, data: labels });
  }
  return folderWith(files);
}

const niftiOf = (data: Uint8Array, volume: Parameters<typeof writeNifti>[1]): Uint8Array =>
  gzipSync(writeNifti(data, volume, null), { level: 1 });

test.each(sets.map((drawn, i) => [i + 1, drawn] as const))(
  'the fingerprint and the plan of drawn data set %i are those of nnU-Net',
  async (_, drawn) => {
    const dataset = await openData({ kind: 'medical', root: draw(drawn), val: null }, 'classMap', { split: 'train' });
    if (dataset === null) throw new Error('no data set');
    const found = await fingerprintOf(dataset);
    expect(found.cases.map(({ shape }) => shape)).toEqual(drawn.fingerprint.shapes);
    for (const [c, expected] of drawn.fingerprint.intensities.entries()) {
      const own = found.intensities[c];
      // nnU-Net draws voxels at random: one in a hundred of the spread.
      const spread = expected.std as number;
      const pairs = [
        [own?.mean, expected.mean],
        [own?.median, expected.median],
        [own?.std, expected.std],
        [own?.low, expected.percentile_00_5],
        [own?.high, expected.percentile_99_5],
      ];
      for (const [ours, theirs] of pairs) expect(Math.abs((ours ?? 0) - (theirs ?? 0)) / spread).toBeLessThan(0.03);
    }
    const resampled = resampledTo(found);
    expect(resampled.shape).toEqual(drawn.plan.medianShape);
    for (const axis of [0, 1] as const)
      expect(resampled.spacing[axis]).toBeCloseTo(drawn.plan.spacing[axis] as number, 6);
    const isCt = drawn.channels.every((name) => name === 'CT');
    expect(resampled.isMasked && !isCt).toBe(drawn.plan.masked.every(Boolean));
    expect(dataset.deep?.rule).toBe(isCt ? 'ct' : 'zscore');
    const plan = planNnunet(resampled);
    expect(plan).toMatchObject({ patch: drawn.plan.patch, batch: drawn.plan.batch, strides: drawn.plan.strides });
    const ours = planOf(found, { minutes: 20, isCt });
    for (const axis of [0, 1] as const) expect(ours.patch[axis] % 32).toBe(0);
    expect(ours.batch).toBeGreaterThanOrEqual(3);
    expect(ours.steps).toBeGreaterThanOrEqual(500);
  },
);

test('a plan is a config that is read, whose figures follow the minutes', async () => {
  const [drawn] = sets as [Drawn];
  const root = draw({
    ...drawn,
    cases: drawn.cases.map((one) => ({
      ...one,
      shape: [3, 40, 50],
      box: [
        [0, 2],
        [0, 39],
        [0, 49],
      ],
    })),
  });
  const dataset = await openData({ kind: 'medical', root, val: null }, 'classMap', { split: 'train' });
  if (dataset === null) throw new Error('no data set');
  const plan = await planMedical(dataset, 20);
  const text = renderMedicalPlan(plan, root, ['train: a note']);
  const experiment = parseExperiment(parse(text), 'the plan');
  expect(experiment.data).toMatchObject({ kind: 'medical', spacing: plan.spacing, intensity: 'zscore' });
  expect(experiment.model.inputSize).toEqual([64, 64]);
  expect(experiment.train).toMatchObject({ batchSize: plan.batch, epochs: plan.epochs, minutes: 20, clipNorm: 12 });
  expect(experiment.augment.foreground).toBeCloseTo(0.33, 1);
  expect(experiment.augment.policy).toBe('nnunet');
  expect(text).toContain('3 training cases of 9 slices');
  expect(text).toContain('data.folds=3 --fold all');
  const [single] = plan.fingerprint.cases;
  const alone = renderMedicalPlan({ ...plan, fingerprint: { ...plan.fingerprint, cases: [single!] } }, root);
  expect(alone).not.toContain('--fold'); // one patient cannot be divided
  const short = parseExperiment(parse(renderMedicalPlan({ ...plan, steps: 1999 }, root)), 'the plan');
  expect(short.augment).toMatchObject({ policy: 'auto', scale: [0.7, 1.4], brightness: 0.25, contrast: 0.25 });
  const longer = planOf(plan.fingerprint, { minutes: 40, isCt: true });
  expect([longer.intensity, longer.steps, plan.steps]).toEqual(['ct', 4000, 4000]);
  expect(planOf(plan.fingerprint, { minutes: 4, isCt: true }).steps).toBeGreaterThan(1000);
  expect(planOf(plan.fingerprint, { minutes: 4, isCt: true }).steps).toBeLessThan(4000);
});
