import { valueAt } from '../../engine/checked.js';
import { nonZeroBox, percentiles } from '../caseStatistics.js';
import type { Dataset } from '../dataset.js';
import { BACKGROUND } from '../labels.js';
import { IGNORED, type Pixels } from '../sample.js';
import { openVolume, type SliceSource } from './slices.js';

/** One examination as planning sees it; axes are slices, rows, columns as it is cut. */
export interface CaseFingerprint {
  /** Voxels inside the box of what is not zero in any channel. */
  readonly shape: readonly [slices: number, rows: number, columns: number];
  /** Millimetres. */
  readonly spacing: readonly [slices: number, rows: number, columns: number];
  /** Share of its voxels inside that box, 0..1. */
  readonly cropped: number;
}

/** Intensities of a channel, over the voxels that have a class beside the background, every case alike. */
export interface ForegroundIntensities {
  readonly mean: number;
  readonly median: number;
  readonly std: number;
  readonly least: number;
  readonly most: number;
  /** Percentiles 0.5 and 99.5. */
  readonly low: number;
  readonly high: number;
}

/** What planning needs to know of the training cases. */
export interface Fingerprint {
  readonly cases: readonly CaseFingerprint[];
  /** Names with the slices that show each, and its share of all pixels; background included. */
  readonly classes: readonly { readonly name: string; readonly slices: number; readonly share: number }[];
  readonly slices: number;
  /** Slices of background alone. */
  readonly emptySlices: number;
  /** Intensities of each channel; empty where no voxel has a class. */
  readonly intensities: readonly ForegroundIntensities[];
}

/** Foreground values of a case and channel, evenly spread: each case counts alike. */
const SAMPLES = 10_000;

/**
 * Looks at every slice of a data set of volumes.
 *
 * @source nnU-Net v2, dataset_fingerprint/fingerprint_extractor.py, which draws foreground voxels at random
 */
export async function fingerprintOf(dataset: Dataset): Promise<Fingerprint> {
  const background = dataset.labels.classes.findIndex(({ name }) => name === BACKGROUND);
  const byCase = new Map<string, { readonly source: SliceSource; readonly indices: number[] }>();
  for (const [index, { deep }] of dataset.entries.entries()) {
    if (deep?.kind !== 'slice') continue;
    const key = deep.volumes.map(({ path }) => path).join('\0');
    const known = byCase.get(key);
    if (known) known.indices.push(index);
    else byCase.set(key, { source: deep, indices: [index] });
  }
  const cases: CaseFingerprint[] = [];
  const sampled: Float64Array[][] = [];
  const pixels = new Float64Array(dataset.labels.classes.length);
  const shown = new Float64Array(dataset.labels.classes.length);
  let empty = 0;
  for (const { source, indices } of byCase.values()) {
    const values: Sampler[] = [];
    for (const index of indices) {
      const { image, truth } = await dataset.get(index);
      if (truth.kind !== 'classMap') continue;
      const counts = countLabels(truth.mask, pixels.length);
      for (const [label, count] of counts.entries()) {
        pixels[label] = (pixels[label] ?? 0) + count;
        if (count > 0) shown[label] = (shown[label] ?? 0) + 1;
      }
      if (counts.every((count, label) => count === 0 || label === background)) empty++;
      collect(image, truth.mask, background, values);
    }
    cases.push(await describeCase(source));
    sampled.push(values.map((own) => own.spread()));
  }
  const all = pixels.reduce((sum, count) => sum + count, 0);
  const channels = sampled.find((own) => own.length > 0)?.length ?? 0;
  return {
    cases,
    classes: dataset.labels.classes.map(({ name }, label) => ({
      name,
      slices: shown[label] ?? 0,
      share: (pixels[label] ?? 0) / Math.max(1, all),
    })),
    slices: dataset.size,
    emptySlices: empty,
    intensities: Array.from({ length: channels }, (_, c) => summary(sampled.flatMap((own) => own[c] ?? []))),
  };
}

function countLabels(mask: Uint8Array, classes: number): Float64Array {
  const counts = new Float64Array(classes);
  for (const label of mask) if (label < classes) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

function collect({ data }: Pixels, mask: Uint8Array, background: number, into: Sampler[]): void {
  const channels = data.length / mask.length;
  for (const [i, label] of mask.entries()) {
    if (label === background || label === IGNORED) continue;
    for (let c = 0; c < channels; c++) {
      const own = into[c] ?? createSampler();
      into[c] = own;
      own.add(data[i * channels + c]!);
    }
  }
}

interface Sampler {
  add(value: number): void;
  /** SAMPLES of the values, evenly spread; fewer values come several times. */
  spread(): Float64Array;
}

/** Keeps every value, then every second, every fourth, ... */
function createSampler(): Sampler {
  let [values, step, seen]: [number[], number, number] = [[], 1, 0];
  return {
    add: (value) => {
      if (!Number.isFinite(value) || seen++ % step !== 0) return;
      values.push(value);
      if (values.length < 32 * SAMPLES) return;
      values = values.filter((_, i) => i % 2 === 0);
      step *= 2;
    },
    spread: () =>
      Float64Array.from({ length: values.length === 0 ? 0 : SAMPLES }, (_, i) =>
        valueAt(values, Math.floor((i * values.length) / SAMPLES)),
      ),
  };
}

function summary(parts: readonly Float64Array[]): ForegroundIntensities {
  const values = Float64Array.from(parts.flatMap((part) => [...part]));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  const [low = 0, median = 0, high = 0] = percentiles(values, [0.005, 0.5, 0.995]); // sorted from here on
  return { mean, median, std, low, high, least: values[0] ?? 0, most: values.at(-1) ?? 0 };
}

async function describeCase({ volumes, axis, isStored }: SliceSource): Promise<CaseFingerprint> {
  const opened = await Promise.all(volumes.map((source) => openVolume(source, isStored)));
  const boxes = opened.flatMap(({ volume }) => nonZeroBox(volume.data, volume) ?? []);
  const [{ volume }] = opened as [(typeof opened)[number]];
  const sizes = [volume.width, volume.height, volume.depth] as const;
  const sides = sizes.map((size, own) => {
    const [low, high] = [
      Math.min(...boxes.map((box) => valueAt(box.low, own))),
      Math.max(...boxes.map((box) => valueAt(box.high, own))),
    ];
    return boxes.length === 0 ? size : high - low + 1;
  });
  const [columns, rows] = axis === 2 ? ([0, 1] as const) : axis === 1 ? ([0, 2] as const) : ([1, 2] as const);
  const { spacing } = volume;
  return {
    shape: [sides[axis] as number, sides[rows] as number, sides[columns] as number],
    spacing: [spacing[axis], spacing[rows], spacing[columns]],
    cropped: sides.reduce((share, side, own) => (share * side) / valueAt(sizes, own), 1),
  };
}
