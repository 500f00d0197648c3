import * as tf from '@tensorflow/tfjs-core';
import type { ArchitectureOptions, Stage } from '../../family.js';
import {
  ACTIVATIONS,
  batchNorm,
  convNorm,
  convolution,
  depthwise,
  type MapLayer,
  maxPooling,
  sequence,
} from '../../layers/index.js';
import type { Pass } from '../../module.js';
import type { Parameters } from '../../parameters.js';
import { ceiled, chained, windowed } from '../../strides.js';
import { LEVELS, type XceptionLevel } from './level.js';
import { BLOCKS, type BlockRow, type Flavour, MOMENTUM, STEM, TAIL } from './spec.js';

const { relu } = ACTIVATIONS;
const CONV = { kernel: 3, padding: 'valid', activation: 'relu' } as const;

/**
 * Xception as first published, pooling where the resolution falls. Levels are rectified, while the next block's way past
 * its convolutions starts from what is not: a stage hands on both.
 *
 * @source Chollet 2017, arXiv:1610.02357; feature taps: timm
 */
export function originalStages(flavour: Flavour, { inChannels }: ArchitectureOptions): readonly Stage<XceptionLevel>[] {
  const [first, channels] = STEM;
  const conv = { ...CONV, epsilon: flavour.epsilon };
  const stem: Stage<XceptionLevel> = {
    paths: ['conv1', 'bn1', 'conv2', 'bn2'],
    level: 'P1',
    tap: 'act2',
    channels,
    stride: 2,
    cells: chained(windowed(3, 2, 0), windowed(3, 1, 0)),
    build: (parameters) => {
      const layers = sequence([
        convNorm(parameters, '', { ...conv, stride: 2, inChannels, outChannels: first, names: ['conv1', 'bn1'] }),
        convNorm(parameters, '', { ...conv, inChannels: first, outChannels: channels, names: ['conv2', 'bn2'] }),
      ]);
      return ([images], pass) => [layers(images, pass)];
    },
  };
  const starts = BLOCKS.flatMap(({ stride }, i) => (stride === 2 ? [i] : [])); // a level ends before each of them
  return [stem, ...starts.map((start, i) => levelStage(flavour, LEVELS[i + 1] ?? 'P5', start, starts[i + 1]))];
}

/** Blocks `from` up to below `to`; without `to` all that is left, and the two separable convolutions at the end. */
function levelStage(flavour: Flavour, level: XceptionLevel, from: number, to?: number): Stage<XceptionLevel> {
  const rows = BLOCKS.slice(from, to);
  const widths = [BLOCKS[from - 1]?.widths.at(-1) ?? STEM[1], ...rows.map((row) => row.widths.at(-1) ?? 0)];
  const width = widths.at(-1) ?? 0;
  const isLast = to === undefined;
  return {
    paths: [...rows.map((_, i) => `block${from + i + 1}`), ...(isLast ? ['conv3', 'bn3', 'conv4', 'bn4'] : [])],
    level,
    tap: isLast ? 'act4' : `block${to + 1}.rep.0`,
    channels: isLast ? TAIL[1] : width,
    stride: 2,
    cells: ceiled(2),
    build: (parameters) => {
      const blocks = rows.map((row, i) => block({ parameters, flavour }, from + i, row, widths[i] ?? 0));
      const end = isLast ? tail({ parameters, flavour }, width) : undefined;
      return ([map, before = map], pass) => {
        let [rectified, sum] = [map, before];
        for (const [index, run] of blocks.entries()) {
          if (index > 0) rectified = relu(sum);
          sum = run(rectified, sum, pass);
        }
        return end ? [end(sum, pass)] : [relu(sum), sum];
      };
    },
  };
}

/** What every layer needs. */
interface Owner {
  readonly parameters: Parameters;
  readonly flavour: Flavour;
}

/** Residual block: reads the rectified input, and the input itself in its shortcut. */
function block(owner: Owner, index: number, { widths, stride }: BlockRow, inChannels: number) {
  const { parameters, flavour } = owner;
  const { epsilon, padding } = flavour;
  const path = `block${index + 1}`;
  const shift = index === 0 ? 0 : 1; // the first has no activation of its own, so its parts count from 0
  const outChannels = widths.at(-1) ?? 0;
  const body = sequence([
    ...widths.flatMap((width, i) => {
      const before = i === 0 ? [] : [relu];
      const names = [`${path}.rep.${3 * i + shift}`, `${path}.rep.${3 * i + shift + 1}`] as const;
      return [...before, separable(owner, names, widths[i - 1] ?? inChannels, width)];
    }),
    ...(stride === 1 ? [] : [maxPooling({ window: 3, stride, padding })]),
  ]);
  const changes = stride !== 1 || inChannels !== outChannels;
  const names = ['skip', 'skipbn'] as const;
  const shortcut = changes
    ? convNorm(parameters, path, { kernel: 1, stride, inChannels, outChannels, epsilon, names })
    : (map: tf.Tensor4D) => map;
  return (rectified: tf.Tensor4D, input: tf.Tensor4D, pass: Pass): tf.Tensor4D =>
    tf.tidy(() => tf.add<tf.Tensor4D>(body(rectified, pass), shortcut(input, pass)));
}

function tail(owner: Owner, inChannels: number): MapLayer {
  const [middle, out] = TAIL;
  return sequence([
    ...[separable(owner, ['conv3', 'bn3'], inChannels, middle), relu],
    ...[separable(owner, ['conv4', 'bn4'], middle, out), relu],
  ]);
}

/** A 3x3 convolution of each channel, a 1x1 convolution and one norm. */
function separable(
  { parameters, flavour }: Owner,
  [conv, norm]: readonly [conv: string, norm: string],
  inChannels: number,
  outChannels: number,
): MapLayer {
  const plain = { stride: 1, padding: 'symmetric', bias: false } as const;
  return sequence([
    depthwise(parameters, `${conv}.conv1`, { ...plain, kernel: 3, channels: inChannels }),
    convolution(parameters, `${conv}.pointwise`, { ...plain, kernel: 1, inChannels, outChannels }),
    batchNorm(parameters, norm, { channels: outChannels, epsilon: flavour.epsilon, momentum: MOMENTUM }),
  ]);
}
