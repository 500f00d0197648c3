import type { Activation } from '../../layers/index.js';
import { strided } from '../../strides.js';
import {
  type BlockKind,
  type BlockRow,
  INVERTED_LEVELS,
  type InvertedLevel,
  type InvertedSpec,
  ROUND_LIMIT,
  type SqueezeRule,
  toMultipleOf8,
} from './spec.js';

export interface BlockPlan {
  /** State-dict path, e.g. 'blocks.2.1'. */
  readonly path: string;
  readonly block: BlockKind;
  readonly kernel: number;
  readonly stride: number;
  /** Cells between the taps of the widest window. */
  readonly dilation: number;
  /** Padding of the widest window, where it differs from the network's. */
  readonly padding?: InvertedSpec['padding'];
  readonly inChannels: number;
  /** Width between the first and the last convolution. */
  readonly hidden: number;
  readonly outChannels: number;
  /** Width inside squeeze-excite; 0: none. */
  readonly squeezed: number;
  readonly activation: Activation;
  /** Whether the input is added. */
  readonly hasSkip: boolean;
}

export interface StagePlan {
  /** State-dict paths of its blocks. */
  readonly paths: readonly string[];
  /** The original's name of the place behind it. */
  readonly tap: string;
  readonly level: InvertedLevel | null;
  /** Stride of all its blocks together. */
  readonly stride: number;
  readonly channels: number;
  readonly blocks: readonly BlockPlan[];
}

/** One network with every number resolved; no tensors. */
export interface InvertedPlan {
  readonly spec: InvertedSpec;
  /** The map after the stem, where the first stage leaves its stride. */
  readonly stemLevel: InvertedLevel | null;
  readonly stages: readonly StagePlan[];
}

/** @param outputStride input pixels per cell of the last stage, see `strided` */
export function invertedPlan(spec: InvertedSpec, outputStride = 32): InvertedPlan {
  const nominal = spec.stages.map((rows) => rows.reduce((product, { stride }) => product * stride, 1));
  const strides = strided(nominal, 2, outputStride);
  const levels = levelsOf(nominal);
  let channels = spec.stemChannels;
  const stages = spec.stages.map((rows, index): StagePlan => {
    const path = `blocks.${index}`;
    const { stride, firstDilation, dilation } = strides[index] ?? { stride: 1, firstDilation: 1, dilation: 1 };
    const isEnd = index === 0 || index === spec.stages.length - 1;
    const depth = isEnd && spec.keepsEnds ? 1 : spec.depth;
    const blocks = rows
      .flatMap((row) => Array.from({ length: Math.ceil(row.repeats * depth) }, () => row))
      .map((row, i): BlockPlan => {
        const inChannels = channels;
        channels = toMultipleOf8(row.channels * spec.width, spec.roundLimit);
        const first = i === 0;
        return {
          path: `${path}.${i}`,
          block: row.block,
          kernel: row.kernel,
          stride: first ? stride : 1,
          dilation: first ? firstDilation : dilation,
          ...widths(spec, row, inChannels, channels),
          activation: row.activation ?? spec.activation,
          hasSkip: row.hasSkip !== false && inChannels === channels && (first ? row.stride : 1) === 1,
        };
      });
    return { paths: [path], tap: path, level: levels[index + 1] ?? null, stride, channels, blocks };
  });
  return { spec, stemLevel: levels[0] ?? null, stages };
}

function widths(spec: InvertedSpec, row: BlockRow, inChannels: number, outChannels: number) {
  const base = row.expandsOutput ? outChannels : inChannels;
  const hidden = row.block === 'separable' ? inChannels : toMultipleOf8(base * row.expand, ROUND_LIMIT);
  const { of, multiple } = spec.squeeze;
  const squeezed = squeezedWidth((of === 'input' ? inChannels : hidden) * row.squeeze, multiple);
  return { inChannels, hidden, outChannels, squeezed };
}

function squeezedWidth(exact: number, multiple: SqueezeRule['multiple']): number {
  if (exact === 0) return 0;
  return multiple === 1 ? Math.max(1, Math.round(exact)) : toMultipleOf8(exact, ROUND_LIMIT);
}

/** Levels after the stem and after every stage: the last place of each stride. */
function levelsOf(strides: readonly number[]): readonly (InvertedLevel | null)[] {
  let exponent = 1;
  const exponents = [1, ...strides.map((stride) => (exponent += Math.log2(stride)))];
  return exponents.map((value, i) => (value === exponents[i + 1] ? null : (INVERTED_LEVELS[value - 1] ?? null)));
}
