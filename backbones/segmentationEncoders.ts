import { ConfigError } from '../engine/errors.js';
import { planned } from './families/_inverted/architecture.js';
import { type BlockPlan, type InvertedPlan, invertedPlan, type StagePlan } from './families/_inverted/plan.js';
import { efficientNet } from './families/efficientnet/efficientnet.js';
import { type EfficientNetArch, efficientNetSpec } from './families/efficientnet/spec.js';
import { resNet } from './families/resnet/resnet.js';
import type { ResNetArch } from './families/resnet/spec.js';
import type { Family, OwnArchitecture } from './family.js';

const LEVELS = ['P1', 'P2', 'P3', 'P4', 'P5'] as const;
type EncoderLevel = (typeof LEVELS)[number];

/** Encoders by the names of segmentation_models_pytorch. Its ResNets differ from timm's in the dilation alone. */
const RESNETS = {
  resnet18: 'resnet18',
  resnet34: 'resnet34',
  resnet50: 'resnet50',
  resnet101: 'resnet101',
  resnet152: 'resnet152',
} as const satisfies { readonly [name: string]: ResNetArch };

interface EfficientNetRow {
  readonly arch: EfficientNetArch;
  /** The last blocks before the maps P2 to P5 are read, counted through. */
  readonly ends: readonly [P2: number, P3: number, P4: number, P5: number];
}
const row = (arch: EfficientNetArch, ...ends: EfficientNetRow['ends']): EfficientNetRow => ({ arch, ends });

/** b0's P4 is read amid a stage. */
const EFFICIENTNETS = {
  'efficientnet-b0': row('tf_efficientnet_b0', 2, 4, 8, 15),
  'efficientnet-b1': row('tf_efficientnet_b1', 4, 7, 15, 22),
  'efficientnet-b2': row('tf_efficientnet_b2', 4, 7, 15, 22),
  'efficientnet-b3': row('tf_efficientnet_b3', 4, 7, 17, 25),
  'efficientnet-b4': row('tf_efficientnet_b4', 5, 9, 21, 31),
  'efficientnet-b5': row('tf_efficientnet_b5', 7, 12, 26, 38),
  'efficientnet-b6': row('tf_efficientnet_b6', 8, 14, 30, 44),
  'efficientnet-b7': row('tf_efficientnet_b7', 10, 17, 37, 54),
} as const satisfies { readonly [name: string]: EfficientNetRow };

export type SegmentationEncoder = keyof typeof RESNETS | keyof typeof EFFICIENTNETS;
export const SEGMENTATION_ENCODERS = [
  ...Object.keys(RESNETS),
  ...Object.keys(EFFICIENTNETS),
] as readonly SegmentationEncoder[];

/**
 * An architecture as segmentation_models_pytorch reads, pads and dilates it, for its checkpoints: P1 is the stem's map also in
 * EfficientNets, and under an output stride below 32 all blocks behind a map are dilated. It stands wherever a name can:
 * `createBackbone({ arch: segmentationEncoder('efficientnet-b0'), outputStride: 16 })`. Images have sides that 32 divides.
 * Encoders called `tu-NAME` there are the architecture NAME itself.
 *
 * @throws ConfigError when there is no such encoder
 */
export function segmentationEncoder(name: SegmentationEncoder): OwnArchitecture<EncoderLevel> {
  if (isIn(EFFICIENTNETS, name)) return { name, family: efficientNetEncoder(name, EFFICIENTNETS[name]) };
  if (!isIn(RESNETS, name)) {
    throw new ConfigError(`no encoder is called '${name}': use one of ${SEGMENTATION_ENCODERS.join(', ')}`);
  }
  const architecture: Family<string, EncoderLevel>['architecture'] = (_, options) =>
    resNet.architecture(RESNETS[name], { ...options, dilatesWholeStages: true });
  return { name, family: { ...resNet, archs: [name], architecture } };
}

const isIn = <T extends object>(table: T, name: PropertyKey): name is keyof T => Object.hasOwn(table, name);

function efficientNetEncoder(name: string, { arch, ends }: EfficientNetRow): Family<string, EncoderLevel> {
  const plan = invertedPlan(efficientNetSpec(arch));
  return {
    ...efficientNet,
    archs: [name],
    architecture: (_, options) => planned(regrouped(plan, ends, options.outputStride), options),
  };
}

/** The same blocks, cut behind the maps that are read. */
function regrouped(plan: InvertedPlan, ends: EfficientNetRow['ends'], outputStride: number): InvertedPlan {
  const blocks = paddedForOwnSize(plan);
  const stages = ends.map((end, i): StagePlan => {
    const own = blocks.slice((ends[i - 1] ?? -1) + 1, end + 1);
    const rate = Math.max(1, 2 ** (i + 2) / outputStride);
    const dilated = rate === 1 ? own : own.map((block) => ({ ...block, stride: 1, dilation: rate }));
    return {
      paths: own.map(({ path }) => path),
      tap: own.at(-1)?.path ?? '',
      level: LEVELS[i + 1] ?? null,
      stride: rate === 1 ? 2 : 1,
      channels: own.at(-1)?.outChannels ?? 0,
      blocks: dilated,
    };
  });
  return { spec: plan.spec, stemLevel: 'P1', stages };
}

/** Strided windows pad alike on both sides where the network's own images have an odd number of cells. */
function paddedForOwnSize({ spec, stages }: InvertedPlan): readonly BlockPlan[] {
  let cells = Math.ceil(spec.inputPixels / 2);
  return stages
    .flatMap(({ blocks }) => blocks)
    .map((block) => {
      const isOdd = cells % 2 === 1;
      cells = Math.ceil(cells / block.stride);
      return block.stride > 1 && isOdd ? { ...block, padding: 'symmetric' } : block;
    });
}
