import { mapTuple, valueAt } from '../../engine/checked.js';
import { percentiles } from '../caseStatistics.js';
import type { CaseFingerprint, Fingerprint } from './fingerprint.js';

/** Along rows and along columns. */
export type Pair = readonly [rows: number, columns: number];

/** A U-Net of nnU-Net's 2-D configuration. */
export interface Topology {
  /** Factor of each stage, [1, 1] first. */
  readonly strides: readonly Pair[];
  /** The patch, made larger until every stage divides it, pixels. */
  readonly patch: Pair;
  /** What its sides divide by. */
  readonly divisor: Pair;
}

/** Smallest side of the deepest map, cells. */
const LEAST_SIDE = 4;

/**
 * Stages of two convolutions and a step of two, as long as a side has eight cells and its spacing is within a factor of two of the finest.
 *
 * @source nnU-Net v2, experiment_planners/network_topology.py: get_pool_and_conv_props
 */
export function topologyOf(spacing: Pair, patch: Pair): Topology {
  const [apart, sides, steps] = [[...spacing], [...patch], [0, 0]];
  const strides: Pair[] = [[1, 1]];
  for (;;) {
    const large = [0, 1].filter((axis) => valueAt(sides, axis) >= 2 * LEAST_SIDE);
    const least = Math.min(...large.map((axis) => valueAt(apart, axis)));
    const pooled = large.filter((axis) => valueAt(apart, axis) / least < 2);
    if (pooled.length === 0 || (pooled.length === 1 && valueAt(sides, valueAt(pooled, 0)) < 3 * LEAST_SIDE)) break;
    for (const axis of pooled) {
      steps[axis]!++;
      apart[axis]! *= 2;
      sides[axis] = Math.ceil(valueAt(sides, axis) / 2);
    }
    strides.push([pooled.includes(0) ? 2 : 1, pooled.includes(1) ? 2 : 1]);
  }
  const divisor: Pair = [2 ** valueAt(steps, 0), 2 ** valueAt(steps, 1)];
  return { strides, divisor, patch: both((axis) => Math.ceil(patch[axis] / divisor[axis]) * divisor[axis]) };
}

const both = (of: (axis: 0 | 1) => number): Pair => [of(0), of(1)];
const product = (values: readonly number[]): number => values.reduce((all, value) => all * value, 1);

/** Channels of the first stage, which double from stage to stage, and most of them. */
const [FIRST, MOST] = [32, 512];

/**
 * Values of all feature maps of a patch: two convolutions on either side of a stage, a transposed one on the way up, and the classes.
 *
 * @param classes background included
 * @source dynamic_network_architectures, PlainConvUNet.compute_conv_feature_map_size
 */
export function featureValues({ strides, patch }: Topology, classes: number): number {
  let [rows, columns] = patch;
  let sum = classes * rows * columns;
  for (const [stage, [down, right]] of strides.entries()) {
    [rows, columns] = [Math.floor(rows / down), Math.floor(columns / right)];
    const isDeepest = stage === strides.length - 1;
    sum += (isDeepest ? 2 : 2 + 3) * Math.min(MOST, FIRST * 2 ** stage) * rows * columns;
  }
  return sum;
}

/** Python's round: halves to the even neighbour. */
const roundEven = (value: number): number => {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2) : Math.round(value);
};

export interface PatchRequest {
  /** Millimetres between rows and columns, resampled. */
  readonly spacing: Pair;
  /** Median rows and columns of the resampled cases. */
  readonly shape: Pair;
  /** Voxels of all cases together, resampled. */
  readonly voxels: number;
  /** Background included. */
  readonly classes: number;
}

export interface NnunetPlan extends Topology {
  readonly batch: number;
  /** What memory would allow. */
  readonly memoryBatch: number;
  /** That 5 % of the voxels fill. */
  readonly shareBatch: number;
  /** Values of the feature maps of one patch. */
  readonly values: number;
}

/** Feature values that fill 8 GB at a batch of 12. */
const [REFERENCE, REFERENCE_BATCH] = [85e6, 12];
/** Side of a square patch of square pixels that planning begins with; fewest patches of a batch; share of the data that a batch may fill. */
const [LARGEST, LEAST_BATCH, SHARE] = [2048, 2, 0.05];

/** The patch before it is fitted to anything: as large a square of millimetres as the median case has. */
function wholePatch({ spacing, shape }: PatchRequest): Pair {
  const wide = Math.sqrt(LARGEST ** 2 * product(spacing));
  return both((axis) => Math.min(roundEven(wide / spacing[axis]), shape[axis]));
}

/** The next smaller patch: less of the side that has most of the median case, of equals of the columns. */
function smaller({ spacing, shape }: PatchRequest, { patch, divisor }: Topology): Topology {
  const axis = patch[0] / shape[0] > patch[1] / shape[1] ? 0 : 1;
  const less = (by: number): Pair => both((own) => (own === axis ? patch[own] - by : patch[own]));
  // A side of which the divisor is not the same any more would miss sizes in between.
  const { divisor: next } = topologyOf(spacing, less(divisor[axis]));
  return topologyOf(spacing, less(next[axis]));
}

/**
 * Patch, stages and batch of nnU-Net's 2-D configuration for 8 GB.
 *
 * @source nnU-Net v2, experiment_planners/default_experiment_planner.py: get_plans_for_configuration
 */
export function planNnunet(request: PatchRequest): NnunetPlan {
  let topology = topologyOf(request.spacing, wholePatch(request));
  let values = featureValues(topology, request.classes);
  while ((values / REFERENCE_BATCH) * LEAST_BATCH > REFERENCE) {
    topology = smaller(request, topology);
    values = featureValues(topology, request.classes);
  }
  const memoryBatch = roundEven((REFERENCE / values) * REFERENCE_BATCH);
  const shareBatch = roundEven((request.voxels * SHARE) / product(topology.patch));
  const batch = Math.max(LEAST_BATCH, Math.min(memoryBatch, shareBatch));
  return { ...topology, batch, memoryBatch, shareBatch, values };
}

/** What nnU-Net's rules 3 to 5 make of a fingerprint. */
export interface Resampled extends PatchRequest {
  /** Median slices, rows and columns of the resampled cases. */
  readonly volume: Triple;
  /** Millimetres between slices, rows and columns. */
  readonly target: Triple;
  /** Median share of a case inside the box of what is not zero. */
  readonly cropped: number;
  /** z-scores leave out what is zero. */
  readonly isMasked: boolean;
}

type Triple = readonly [slices: number, rows: number, columns: number];

/** An axis is thick when its spacing is more than 3 times the others', and its cases have less than a third of the others' voxels. */
const ANISOTROPIC = 3;
/** Median share of a case inside the box of what is not zero, below which z-scores leave zeros out. */
export const MASKED_BELOW = 0.75;

/**
 * The spacing and the sizes that a data set is resampled to: medians of the cases, of a thick axis its tenth percentile.
 *
 * @source nnU-Net v2, default_experiment_planner.py: determine_fullres_target_spacing, plan_experiment
 */
export function resampledTo({ cases, classes }: Fingerprint): Resampled {
  const over = (share: number, of: (one: CaseFingerprint) => number): number =>
    valueAt(percentiles(Float64Array.from(cases, of), [share]), 0);
  const medians = (of: (one: CaseFingerprint, axis: number) => number): Triple =>
    mapTuple([0, 1, 2], (axis) => over(0.5, (one) => of(one, axis)));
  const median = medians(({ spacing }, axis) => valueAt(spacing, axis));
  const sizes = medians(({ shape }, axis) => valueAt(shape, axis));
  const worst = median.indexOf(Math.max(...median));
  const others = [0, 1, 2].filter((axis) => axis !== worst);
  const finest = Math.max(...others.map((axis) => valueAt(median, axis)));
  const isThick =
    valueAt(median, worst) > ANISOTROPIC * finest &&
    valueAt(sizes, worst) * ANISOTROPIC < Math.min(...others.map((axis) => valueAt(sizes, axis)));
  const thin = Math.max(
    finest + 1e-5,
    over(0.1, ({ spacing }) => valueAt(spacing, worst)),
  );
  const target = (isThick ? median.map((value, axis) => (axis === worst ? thin : value)) : median) as Triple;
  const volume = medians(({ shape, spacing }, axis) =>
    roundEven((valueAt(spacing, axis) / valueAt(target, axis)) * valueAt(shape, axis)),
  );
  const cropped = over(0.5, (one) => one.cropped);
  return {
    target,
    volume,
    spacing: [target[1], target[2]],
    shape: [volume[1], volume[2]],
    voxels: product(volume) * cases.length,
    classes: classes.length,
    cropped,
    isMasked: cropped < MASKED_BELOW,
  };
}

/**
 * The largest patch of at most so many pixels whose sides divide by `multiple`, made smaller in the way of nnU-Net.
 *
 * @param most pixels
 */
export function patchWithin({ shape }: Pick<PatchRequest, 'shape'>, multiple: number, most: number): Pair {
  let patch = both((axis) => Math.max(2, Math.ceil(shape[axis] / multiple)) * multiple);
  while (product(patch) > most && Math.max(...patch) > 2 * multiple) {
    const isRows = patch[1] <= 2 * multiple || (patch[0] > 2 * multiple && patch[0] / shape[0] > patch[1] / shape[1]);
    const axis = isRows ? 0 : 1;
    patch = both((own) => (own === axis ? patch[own] - multiple : patch[own]));
  }
  return patch;
}
