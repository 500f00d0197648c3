import type { Dataset } from '../datasets/dataset.js';
import { type Fingerprint, fingerprintOf } from '../datasets/medical/fingerprint.js';
import {
  type NnunetPlan,
  type Pair,
  patchWithin,
  planNnunet,
  type Resampled,
  resampledTo,
} from '../datasets/medical/nnunet.js';
import { valueAt } from '../engine/checked.js';

/** How a network is trained on volumes: nnU-Net's rules, adapted to an encoder with ImageNet's weights and the minutes of a CPU. */
export interface MedicalPlan {
  readonly minutes: number;
  readonly fingerprint: Fingerprint;
  readonly resampled: Resampled;
  /** What nnU-Net itself would train on 8 GB of a graphics processor. */
  readonly nnunet: NnunetPlan;
  readonly intensity: 'ct' | 'zscore';
  /** Millimetres between rows and columns, 4 digits. */
  readonly spacing: Pair;
  /** Rows and columns of the input, pixels. */
  readonly patch: Pair;
  readonly batch: number;
  readonly steps: number;
  readonly epochs: number;
  /** Share of crops from slices that have a class. */
  readonly foreground: number;
}

/** What sides of the input divide by: the coarsest stride of the encoder. */
const MULTIPLE = 32;
/**
 * Pixels a second that the network of a plan learns from on two cores, measured: configs/RESULTS.md, isbi-membrane.yaml, 960 steps of 8 crops
 * of 256 x 256 in 7 m 53 s.
 */
const PIXELS_A_SECOND = 1.0e6;
/** Share of the minutes for steps; the rest opens files, evaluates and writes. */
const STEPPING = 0.8;
/** Seconds of a step that no pixel takes. */
const OVERHEAD = 0.05;
/** A training of fewer steps learns little; with more, batches may be larger; what is small is learned by then. */
const [FEWEST_STEPS, WANTED_STEPS, MOST_STEPS] = [600, 1000, 4000];
/**
 * Crops of a batch: at least, as the encoder has batch norm; of small data sets; and of nnU-Net on a full graphics processor.
 *
 * @source the last: nnU-Net v2, UNet_reference_val_corresp_bs_2d
 */
const [LEAST_CROPS, SMALL_CROPS, MOST_CROPS] = [4, 8, 12];
/** Share of all crops. @source nnU-Net v2, nnUNetTrainer.oversample_foreground_percent */
const OVERSAMPLED = 0.33;
/** Share of all voxels that a batch may fill. @source nnU-Net v2, max_dataset_covered */
const SHARE = 0.05;

/**
 * Plans the training of a data set of volumes; reads all of its slices.
 *
 * @param minutes of two cores
 */
export async function planMedical(dataset: Dataset, minutes: number): Promise<MedicalPlan> {
  const fingerprint = await fingerprintOf(dataset);
  return planOf(fingerprint, { minutes, isCt: dataset.deep?.rule === 'ct' });
}

/** The plan of a fingerprint. */
export function planOf(
  fingerprint: Fingerprint,
  { minutes, isCt }: { readonly minutes: number; readonly isCt: boolean },
): MedicalPlan {
  const resampled = resampledTo(fingerprint);
  const nnunet = planNnunet(resampled);
  const seconds = minutes * 60 * STEPPING;
  const pixelsOf = (steps: number): number => Math.max(0, seconds / steps - OVERHEAD) * PIXELS_A_SECOND;
  const affordable = pixelsOf(FEWEST_STEPS) / LEAST_CROPS;
  const patch = patchWithin(resampled, MULTIPLE, Math.min(affordable, nnunet.patch[0] * nnunet.patch[1]));
  const area = patch[0] * patch[1];
  const most = Math.min(MOST_CROPS, Math.max(SMALL_CROPS, Math.round((resampled.voxels * SHARE) / area)));
  const wanted = Math.min(most, Math.round(pixelsOf(WANTED_STEPS) / area));
  const batch = Math.min(fingerprint.slices, Math.max(LEAST_CROPS, wanted));
  const steps = Math.ceil(Math.min(MOST_STEPS, seconds / (OVERHEAD + (batch * area) / PIXELS_A_SECOND)));
  const shown = fingerprint.slices - fingerprint.emptySlices;
  return {
    minutes,
    fingerprint,
    resampled,
    nnunet,
    intensity: isCt ? 'ct' : 'zscore',
    spacing: [rounded(resampled.spacing[0]), rounded(resampled.spacing[1])],
    patch,
    batch,
    steps,
    epochs: Math.ceil(steps / Math.max(1, Math.floor(fingerprint.slices / batch))),
    foreground: Math.min(1, rounded((OVERSAMPLED * fingerprint.slices) / Math.max(1, shown), 2)),
  };
}

const rounded = (value: number, digits = 4): number => Number(value.toPrecision(digits));

/** Evaluations of a training. */
const EVALUATIONS = 5;
/** Steps of the warm-up. */
const WARM_UP = 0.05;

/**
 * A plan as a config, with the rule and the numbers behind each choice.
 *
 * @param root  as it is written
 * @param notes what opening the data said
 */
export function renderMedicalPlan(plan: MedicalPlan, root: string, notes: readonly string[] = []): string {
  const { fingerprint, resampled, nnunet, patch, batch, steps, epochs, minutes, spacing } = plan;
  const { cases, slices, emptySlices } = fingerprint;
  const sizes = range(cases.map(({ shape }) => shape));
  const apart = range(cases.map((one) => one.spacing));
  const classes = fingerprint.classes
    .map((one) => `${JSON.stringify(one.name)} in ${one.slices} slices, ${percent(one.share)}`)
    .join('; ');
  const values = fingerprint.intensities.map(
    (one) =>
      `mean ${short(one.mean)}, deviation ${short(one.std)}, percentiles 0.5 and 99.5 ${short(one.low)} and ${short(one.high)}`,
  );
  return `# Planned by nnU-Net's rules (Isensee et al. 2021, doi 10.1038/s41592-020-01008-z) for an encoder with ImageNet's weights and
# ${minutes} minutes of two cores. Every key with its default: configs/reference.yaml
#
# ${cases.length} training cases of ${slices} slices, ${emptySlices} of them empty; slices x rows x columns without the zeros around: ${sizes};
# millimetres: ${apart}; ${percent(resampled.cropped)} of a case is left without the zeros around it.
# Classes: ${classes}
# nnU-Net on 8 GB: patches of ${nnunet.patch.join(' x ')}, ${nnunet.batch} a batch (memory: ${nnunet.memoryBatch}, 5 % of the voxels: ${nnunet.shareBatch}), ${nnunet.strides.length} stages
task: segmentation
data:
  kind: medical
  root: ${JSON.stringify(root)}
${notes.map((note) => `  # ${note}\n`).join('')}  # Medians of the cases, along a thick axis the 10th percentile; slices keep theirs. All cases: ${apart} mm
  spacing: [${spacing.join(', ')}] # rows, columns, mm; figures and masks stay in the original grid
  # ${plan.intensity === 'ct' ? 'CT: clipped to percentiles of what has a class, its mean and deviation' : `No CT: z-scores of each case${resampled.isMasked ? ', of what is not zero: less than 75 % is left of a median case' : ''}`}
  # Of what has a class: ${values.join('; ') || 'nothing'}
  intensity: ${plan.intensity}
  slices: 1 # 3: the slices above and below, too
model:
  backbone: tf_efficientnet_lite0 # five levels, the coarsest of 32 pixels, where nnU-Net has ${nnunet.strides.length} stages
  weights: efficientnet-lite0
  # The median case of ${resampled.shape.join(' x ')} pixels, at most ${nnunet.patch.join(' x ')} of nnU-Net and what leaves time for ${FEWEST_STEPS} steps of ${LEAST_CROPS}
  inputSize: [${patch.join(', ')}]
  neck: { kind: bifpn, channels: 32, repeats: 2 }
  # Cross-entropy and Dice, 1 and 1, Dice of a batch together without the background
  head: { kind: semantic, stride: 2, channels: 32, loss: { dice: { over: batch, background: false } } }
train:
  # What leaves time for ${WANTED_STEPS} steps: at least ${LEAST_CROPS} for batch norm, at most ${MOST_CROPS} and 5 % of all voxels, of small data sets ${SMALL_CROPS}
  batchSize: ${batch}
  minutes: ${minutes} # about ${steps} steps: ${short(PIXELS_A_SECOND / 1e6)} million pixels a second and ${OVERHEAD} s a step; the schedule follows what is measured
${steps === MOST_STEPS ? `  epochs: ${epochs} # ${MOST_STEPS} steps are enough for what is pretrained\n` : ''}  optimizer: adamw # nnU-Net: SGD for 250,000 steps from random weights
  learningRate: 0.004
  backboneRate: 0.5 # it starts from ImageNet
  weightDecay: 0.05
  warmupSteps: ${Math.round(steps * WARM_UP)}
  schedule: { kind: poly, power: 0.9 } # nnU-Net's
  clipNorm: 12 # nnU-Net's
  evaluateEvery: ${Math.max(1, Math.ceil(epochs / EVALUATIONS))}
augment:
  # A third of all crops is centred on a class: ${plan.foreground} of those of the ${slices - emptySlices} slices that have one
  foreground: ${plan.foreground}
${augmentationFor(steps)}evaluate:
  cases: { of: folder } # figures of evaluate --cases are of whole volumes; image: of slices
  # augment: { flip: true } # answers mirrored images, too: twice the time
${
  cases.length < 2
    ? ''
    : `# Cross-validation by patients: espalier train THIS --set data.folds=${Math.min(5, cases.length)} --fold all
`
}`;
}

/** With fewer steps the whole of nnU-Net's augmentation, made for 250,000 of them, costs more than it brings: configs/RESULTS.md. */
const MANY_STEPS = 2000;

const augmentationFor = (steps: number): string =>
  steps >= MANY_STEPS
    ? `  policy: nnunet # turns, scales, noise, blur, brightness, contrast, low resolution and gamma with its probabilities; flips of both axes
`
    : `  # Of nnU-Net's augmentation what about ${steps} steps have a use for; from ${MANY_STEPS} on policy: nnunet
  scale: [0.7, 1.4]
  brightness: 0.25
  contrast: 0.25
`;

const short = (value: number): string => String(rounded(value));
const percent = (share: number): string => `${rounded(100 * share, 3)} %`;

/** Least and most along each axis. */
function range(all: readonly (readonly number[])[]): string {
  return [0, 1, 2]
    .map((axis) => {
      const values = all.map((one) => valueAt(one, axis));
      const [least, most] = [Math.min(...values), Math.max(...values)].map(short);
      return least === most ? least : `${least}-${most}`;
    })
    .join(' x ');
}
