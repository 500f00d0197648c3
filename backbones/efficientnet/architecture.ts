import { ConfigError } from '../../engine/errors.js';
import type { Padding } from '../layers/index.js';
import { strided } from '../strides.js';
import {
  type EfficientNetLevel,
  FAMILY,
  type FamilySpec,
  HEAD_CHANNELS,
  SCALES,
  SQUEEZE,
  STAGES,
  STEM_CHANNELS,
  scaleChannels,
  type Variant,
} from './spec.js';

/** `tf_`: as released (SAME padding, epsilon 1e-3); without it: as retrained in PyTorch (symmetric padding, 1e-5). */
export type EfficientNetArch = `${'tf_' | ''}efficientnet_${Variant}`;

export interface BlockPlan {
  /** State-dict path, e.g. 'blocks.2.1'. */
  readonly path: string;
  readonly block: 'separable' | 'inverted';
  readonly kernel: number;
  readonly stride: number;
  /** Cells between the taps of the depthwise convolution. */
  readonly dilation: number;
  readonly inChannels: number;
  /** Width of the depthwise convolution. */
  readonly hidden: number;
  readonly outChannels: number;
  /** Width inside squeeze-excite; 0: none. */
  readonly squeezed: number;
}

export interface StagePlan {
  readonly path: string;
  readonly level: EfficientNetLevel | null;
  /** Of the first block. */
  readonly stride: number;
  readonly channels: number;
  readonly blocks: readonly BlockPlan[];
}

/** One architecture with every number resolved; no tensors. */
export interface EfficientNetPlan {
  readonly arch: EfficientNetArch;
  readonly padding: Padding;
  readonly epsilon: number;
  readonly family: FamilySpec;
  /** Side of the images it was trained on. */
  readonly inputPixels: number;
  readonly stemChannels: number;
  readonly headChannels: number;
  readonly stages: readonly StagePlan[];
}

const VARIANTS = Object.keys(SCALES) as Variant[];
const FLAVOURS = [
  { prefix: 'tf_', padding: 'same', epsilon: 1e-3 },
  { prefix: '', padding: 'symmetric', epsilon: 1e-5 },
] as const;

const ROWS = new Map(
  FLAVOURS.flatMap((flavour) =>
    VARIANTS.map((variant) => {
      const arch: EfficientNetArch = `${flavour.prefix}efficientnet_${variant}`;
      return [arch, { variant, flavour }] as const;
    }),
  ),
);

export const EFFICIENTNET_ARCHS: readonly EfficientNetArch[] = [...ROWS.keys()];

/**
 * @param outputStride input pixels per cell of the last stage, see `strided`
 * @throws ConfigError when there is no such architecture
 */
export function efficientNetPlan(arch: EfficientNetArch, outputStride = 32): EfficientNetPlan {
  const row = ROWS.get(arch);
  if (!row) throw new ConfigError(`no EfficientNet is called '${arch}': use one of ${EFFICIENTNET_ARCHS.join(', ')}`);
  const { padding, epsilon } = row.flavour;
  const [width, depth, inputPixels] = SCALES[row.variant];
  const family = FAMILY[row.variant];
  const endWidth = family.fixedEnds ? 1 : width;
  const stemChannels = scaleChannels(STEM_CHANNELS, endWidth);
  const strides = strided(
    STAGES.map(({ stride }) => stride),
    2,
    outputStride,
  );
  const stages: StagePlan[] = [];
  let channels = stemChannels;
  for (const [index, row] of STAGES.entries()) {
    const isEnd = index === 0 || index === STAGES.length - 1;
    const repeats = isEnd && family.fixedEnds ? row.repeats : Math.ceil(row.repeats * depth);
    const outChannels = scaleChannels(row.channels, width);
    const path = `blocks.${index}`;
    const { stride, firstDilation, dilation } = strides[index] ?? { stride: 1, firstDilation: 1, dilation: 1 };
    const blocks = Array.from({ length: repeats }, (_, i): BlockPlan => {
      const inChannels = i === 0 ? channels : outChannels;
      return {
        path: `${path}.${i}`,
        block: row.block,
        kernel: row.kernel,
        stride: i === 0 ? stride : 1,
        dilation: i === 0 ? firstDilation : dilation,
        inChannels,
        hidden: inChannels * row.expand,
        outChannels,
        squeezed: family.squeezeExcite ? Math.round(inChannels * SQUEEZE) : 0,
      };
    });
    channels = outChannels;
    stages.push({ path, level: row.level, stride, channels, blocks });
  }
  const headChannels = scaleChannels(HEAD_CHANNELS, endWidth);
  return { arch, padding, epsilon, family, inputPixels, stemChannels, headChannels, stages };
}
