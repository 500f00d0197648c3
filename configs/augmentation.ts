import type { Preprocessing } from '../backbones/backbone.js';
import { backgroundOf } from '../datasets/overlap.js';
import type { PixelType } from '../datasets/pixelTypes.js';
import type { LabelMap } from '../datasets/sample.js';
import type { AugmentConfig } from '../datasets/transforms/augment.js';
import type { MixingConfig } from '../datasets/transforms/mixing.js';
import { firstRgbOp, type OpName } from '../datasets/transforms/ops/index.js';
import { policyOf } from '../datasets/transforms/policies/index.js';
import { ConfigError } from '../engine/errors.js';
import { TASKS } from '../heads/index.js';
import { fillOf } from '../training/predictor.js';
import type { Experiment } from './schema.js';

/** Training images, above which they are changed by a policy: fewer are learned better with flips, scale and colour alone. */
const MANY = 1000;
/** Changes of colour, where nothing else changes it. */
const COLOR = { brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.02 } as const;
const NO_COLOR = { brightness: 0, contrast: 0, saturation: 0, hue: 0 } as const;

/** The training images. */
export interface AugmentedImages {
  readonly count: number;
  /** Type of the pixels in a batch. */
  readonly type: PixelType;
  readonly channels: number;
  /** In which a background is found. Absent: there is none. */
  readonly labels?: LabelMap;
}

const NONE: AugmentedImages = { count: 0, type: 'uint8', channels: 3 };

/**
 * How training images are changed.
 *
 * @param size [height, width] of the network's input, pixels
 * @param preprocessing what the weights expect: what normalises to zero is where there is no image
 * @throws ConfigError for an op that is for 8-bit RGB, of other images
 */
export function trainAugmentation(
  experiment: Experiment,
  size: readonly [number, number],
  preprocessing: Preprocessing,
  images: AugmentedImages = NONE,
): AugmentConfig {
  const { augment } = experiment;
  const name = chosenPolicy(experiment, images);
  const policy = name === null ? null : policyOf(name);
  const defaults = { ...TASKS[experiment.task].augmentation, ...policy?.defaults };
  const { brightness, contrast, saturation, hue } = policy === null ? COLOR : NO_COLOR;
  const { flipHorizontal, minVisible, ops, foreground } = augment;
  const background = images.labels ? backgroundOf(images.labels) : -1;
  refuseRgbOps([...(policy?.ops ?? []), ...ops.map(({ op }) => op)], images);
  return {
    size,
    fit: augment.fit ?? defaults.fit,
    scale: augment.scale ?? defaults.scale,
    flipHorizontal,
    flipVertical: augment.flipVertical ?? defaults.flipVertical,
    rotate90: augment.rotate90 ?? defaults.rotate90,
    color: {
      brightness: augment.brightness ?? brightness,
      contrast: augment.contrast ?? contrast,
      saturation: augment.saturation ?? saturation,
      hue: augment.hue ?? hue,
    },
    fill: fillOf(preprocessing, images.type),
    ...(preprocessing.depth && { spread: preprocessing.std }),
    minVisible,
    ...(preprocessing.spacing && { spacing: preprocessing.spacing }),
    ...(foreground > 0 && { foreground: { share: foreground, background: background < 0 ? null : background } }),
    ...(name !== null && { policy: name }),
    ...(ops.length > 0 && { ops }),
    ...mixingOf(experiment, images),
    ...(preprocessing.perImage === 'masked-zscore' && { keepsZeros: true }),
  };
}

const isRgb = ({ type, channels }: AugmentedImages): boolean => type === 'uint8' && channels === 3;
const isMany = (images: AugmentedImages): boolean => isRgb(images) && images.count > MANY;

/** Null: none. */
function chosenPolicy({ task, augment }: Experiment, images: AugmentedImages): string | null {
  if (augment.policy !== 'auto') return augment.policy === 'none' ? null : augment.policy;
  return isMany(images) ? TASKS[task].augmentation.large.policy : null;
}

function mixingOf({ task, augment }: Experiment, images: AugmentedImages): { readonly mixing?: MixingConfig } {
  const { mosaic, mixup, cutmix, copyPaste } = augment;
  const probability = mosaic.probability ?? (isMany(images) ? TASKS[task].augmentation.large.mosaic : 0);
  const alpha = mixup.alpha ?? TASKS[task].augmentation.mixupAlpha;
  const mixing: MixingConfig = {
    ...(probability > 0 && {
      mosaic: { probability, ...(mosaic.closeEpochs !== null && { closeEpochs: mosaic.closeEpochs }) },
    }),
    ...(mixup.probability > 0 && { mixup: { probability: mixup.probability, alpha } }),
    ...(cutmix.probability > 0 && { cutmix }),
    ...(copyPaste.probability > 0 && { copyPaste }),
  };
  return Object.keys(mixing).length === 0 ? {} : { mixing };
}

function refuseRgbOps(ops: readonly OpName[], images: AugmentedImages): void {
  const refused = isRgb(images) ? undefined : firstRgbOp(ops);
  if (refused === undefined) return;
  throw new ConfigError(
    `augment: ${refused} is for 8-bit RGB images, these are ${images.type} of ${images.channels} channels: take policy: nnunet, or ops that are for any image`,
  );
}

/** One clause for people: what was chosen, and why. */
export function describeAugmentation(
  { augment }: Experiment,
  { policy, mixing, ops }: AugmentConfig,
  { count, type, channels }: AugmentedImages,
): string {
  const mosaic = mixing?.mosaic;
  const parts = [
    policy ?? 'flips, scale and colour',
    ...(ops ?? []).map(({ op }) => op),
    ...(mosaic ? [`mosaic ${mosaic.probability} but for the last ${mosaic.closeEpochs ?? '15 % of the'} epochs`] : []),
    ...(['mixup', 'cutmix', 'copyPaste'] as const).flatMap((name) =>
      mixing?.[name] ? [`${name} ${mixing[name].probability}`] : [],
    ),
  ];
  const why = isRgb({ count, type, channels })
    ? `${count} images are ${count > MANY ? 'more' : 'no more'} than ${MANY}`
    : `images are ${type} of ${channels} channels`;
  const isChosen = augment.policy === 'auto' || augment.mosaic.probability === null;
  return `${parts.join(', ')}${isChosen ? `, as ${why}` : ''}`;
}
