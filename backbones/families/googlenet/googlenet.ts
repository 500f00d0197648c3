import { SYMMETRIC } from '../../backbone.js';
import type { Architecture, ArchitectureOptions, Family, Stage } from '../../family.js';
import { convNorm, denseTop, joined, type MapLayer, maxPooling, sequence, stageOf } from '../../layers/index.js';
import type { Parameters } from '../../parameters.js';
import { ceiled, windowed } from '../../strides.js';
import { EPSILON, type InceptionRow, POOLS, STAGES, STEM, widthOf } from './spec.js';

export type GoogLeNetLevel = (typeof LEVELS)[number];
const LEVELS = ['P1', 'P2', 'P3', 'P4', 'P5'] as const;
const NORM = { epsilon: EPSILON, activation: 'relu' } as const;

/**
 * GoogLeNet without auxiliary classifiers; parameters named as in torchvision (`inception3a.branch2.0.conv.weight`),
 * whose weights see images from -1 to 1.
 *
 * @source Szegedy et al. 2015, arXiv:1409.4842; batch norm: Ioffe & Szegedy 2015, arXiv:1502.03167
 */
export const googLeNet: Family<'googlenet', GoogLeNetLevel> = {
  archs: ['googlenet'],
  levels: LEVELS,
  outputStrides: [],
  architecture: (_, options) => {
    const stages = [...stemOf(options), ...STAGES.flatMap((rows, i) => stageOfRows(rows, i))];
    return {
      inputPixels: 224,
      preprocessing: SYMMETRIC,
      activation: 'relu',
      stem: 'conv1.conv',
      stages,
      top: denseTop({ channels: stages.at(-1)?.channels ?? 0, classifier: 'fc' }),
    } satisfies Architecture<GoogLeNetLevel>;
  },
};

function pooling(index: number, channels: number): Stage<GoogLeNetLevel> {
  const window = POOLS[index] ?? 3;
  return {
    paths: [],
    level: null,
    tap: `maxpool${index + 1}`,
    channels,
    stride: 2,
    cells: windowed(window, 2, 0, true),
    build: () => stageOf([maxPooling({ window, stride: 2, ceil: true })]),
  };
}

function stemOf({ inChannels }: ArchitectureOptions): readonly Stage<GoogLeNetLevel>[] {
  const { conv1, conv2, conv3 } = STEM;
  return [
    {
      paths: ['conv1'],
      level: 'P1',
      tap: 'conv1',
      channels: conv1,
      stride: 2,
      cells: ceiled(2),
      build: (parameters) =>
        stageOf([convNorm(parameters, 'conv1', { kernel: 7, stride: 2, inChannels, outChannels: conv1, ...NORM })]),
    },
    pooling(0, conv1),
    {
      paths: ['conv2', 'conv3'],
      level: 'P2',
      tap: 'conv3',
      channels: conv3,
      stride: 1,
      cells: ceiled(1),
      build: (parameters) =>
        stageOf([
          convNorm(parameters, 'conv2', { kernel: 1, inChannels: conv1, outChannels: conv2, ...NORM }),
          convNorm(parameters, 'conv3', { kernel: 3, inChannels: conv2, outChannels: conv3, ...NORM }),
        ]),
    },
  ];
}

function stageOfRows(rows: readonly InceptionRow[], i: number): readonly Stage<GoogLeNetLevel>[] {
  const last = rows.at(-1);
  const previous = STAGES[i - 1]?.at(-1);
  const before = previous ? widthOf(previous) : STEM.conv3;
  return [
    pooling(i + 1, before),
    {
      paths: rows.map(({ name }) => name),
      level: LEVELS[i + 2] ?? null,
      tap: last?.name ?? '',
      channels: last ? widthOf(last) : 0,
      stride: 1,
      cells: ceiled(1),
      build: (parameters) =>
        stageOf(
          rows.map((row, j) => {
            const own = rows[j - 1];
            return inception(parameters, row, own ? widthOf(own) : before);
          }),
        ),
    },
  ];
}

/** @source Szegedy et al. 2015, figure 2b */
function inception(
  parameters: Parameters,
  { name, point, near, far, pool }: InceptionRow,
  inChannels: number,
): MapLayer {
  const part = (branch: string, kernel: number, from: number, to: number): MapLayer =>
    convNorm(parameters, `${name}.${branch}`, { kernel, inChannels: from, outChannels: to, ...NORM });
  const reduced = (branch: string, [inner, outer]: InceptionRow['near']): MapLayer =>
    sequence([part(`${branch}.0`, 1, inChannels, inner), part(`${branch}.1`, 3, inner, outer)]);
  return joined([
    part('branch1', 1, inChannels, point),
    reduced('branch2', near),
    reduced('branch3', far),
    sequence([maxPooling({ window: 3, stride: 1, padding: 1 }), part('branch4.1', 1, inChannels, pool)]),
  ]);
}
