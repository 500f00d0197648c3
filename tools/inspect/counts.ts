/**
 * Parameters counted from the architectures' tables: no weights are drawn, so that the largest networks cost nothing.
 * Like `countParameters`, without the statistics of batch norm.
 */
import {
  architectureOf,
  type BackboneArch,
  countParameters,
  createBackbone,
  featuresOf,
  LEVELS,
  type Level,
  levelsOf,
} from '../../backbones/index.js';
import { withoutValues } from '../../engine/shapes/shapes.js';
import { type BiFPNConfig, bifpnGraph } from '../../necks/index.js';

const sum = <T>(items: readonly T[], count: (item: T) => number): number =>
  items.reduce((total, item) => total + count(item), 0);
/** Scale and bias. */
const norm = (channels: number): number => 2 * channels;
const convolution = (from: number, to: number): number => from * to + to;
const separable = (from: number, to: number): number => 9 * from + convolution(from, to);
const projection = (from: number, to: number): number => (from === to ? 0 : convolution(from, to) + norm(to));

/** The feature extractor: stem and all stages, for RGB images. */
export function countBackbone(arch: BackboneArch): number {
  return withoutValues(() => {
    const backbone = createBackbone({ arch, frozen: 'none', seed: 1 });
    const count = countParameters(backbone);
    backbone.dispose();
    return count;
  }).result;
}

export type Pyramid = Pick<BiFPNConfig, 'levels' | 'channels' | 'repeats' | 'fusion'>;

/** A BiFPN on the maps of a backbone. */
export function countBiFPN(arch: BackboneArch, { levels, channels, repeats, fusion }: Pyramid): number {
  const widths = new Map<Level, number>();
  const features = featuresOf(architectureOf(arch).stages);
  for (const level of levelsOf(features)) widths.set(level, features[level].channels);
  const order = LEVELS.filter((level) => levels.includes(level));
  const made = order.filter((level) => !widths.has(level));
  const deepest = widths.get('P5') ?? channels; // the first level that is made comes from it
  const extra = made.length > 0 ? projection(deepest, channels) : 0;
  const nodes = bifpnGraph(order);
  const node = separable(channels, channels) + norm(channels);
  const weights = fusion === 'fast' ? sum(nodes, ({ inputs }) => inputs.length) : 0;
  const inputs = nodes.flatMap((node) => node.inputs).filter((name) => name.endsWith('.in'));
  const first = sum(inputs, (name) => projection(widths.get(name.slice(0, 2) as Level) ?? channels, channels));
  return extra + first + repeats * (nodes.length * node + weights);
}

export interface DetectionShape {
  readonly levels: number;
  readonly channels: number;
  /** Convolutions before the predictions. */
  readonly repeats: number;
  readonly anchorsPerCell: number;
  readonly classes: number;
}

/** Class and box network. */
export function countDetectionHead(shape: DetectionShape): number {
  const { levels, channels, repeats, anchorsPerCell, classes } = shape;
  const stack = repeats * (separable(channels, channels) + levels * norm(channels));
  return sum([classes, 4], (outputs) => stack + separable(channels, anchorsPerCell * outputs));
}

export interface SemanticShape {
  readonly levels: number;
  /** Of the pyramid. */
  readonly from: number;
  /** Between pyramid and prediction. */
  readonly channels: number;
  readonly classes: number;
}

export function countSemanticHead({ levels, from, channels, classes }: SemanticShape): number {
  const block = (width: number): number => separable(width, channels) + norm(channels);
  return levels * block(from) + block(channels) + convolution(channels, classes);
}
