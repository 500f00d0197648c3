import { keysOf } from '../../../engine/checked.js';
import { SYMMETRIC } from '../../backbone.js';
import type { Architecture, ArchitectureOptions, Family, Stage } from '../../family.js';
import { convNorm, denseTop, maxPooling, stageOf } from '../../layers/index.js';
import { chained, windowed } from '../../strides.js';
import { inceptionModule, normOf, POOLING, widthOf } from './module.js';
import { FLAVOURS, type Flavour, type InceptionArch, type ModuleRow, STAGES, STEM } from './spec.js';

export type InceptionLevel = (typeof LEVELS)[number];
const LEVELS = ['P1', 'P2', 'P3', 'P4', 'P5'] as const;
const pooled = windowed(POOLING.window, POOLING.stride, 0);

/**
 * Inception-v3 without its auxiliary classifier; parameters named as in timm (`Mixed_6b.branch7x7_2.conv.weight`).
 * Windows without padding: maps are smaller than size / stride. `keras_`: as in Keras.
 *
 * @source Szegedy et al. 2016, arXiv:1512.00567
 */
export const inception: Family<InceptionArch, InceptionLevel> = {
  archs: keysOf(FLAVOURS),
  levels: LEVELS,
  outputStrides: [],
  architecture: (arch, options) => {
    const stages = [...stemOf(FLAVOURS[arch], options), ...stagesOf(FLAVOURS[arch])];
    return {
      inputPixels: 299,
      preprocessing: SYMMETRIC,
      activation: 'relu',
      stem: `${STEM[0][0].name}.conv`,
      stages,
      top: denseTop({ channels: stages.at(-1)?.channels ?? 0, classifier: 'fc' }),
    } satisfies Architecture<InceptionLevel>;
  },
};

function stemOf(flavour: Flavour, { inChannels }: ArchitectureOptions): readonly Stage<InceptionLevel>[] {
  return STEM.map((rows, i): Stage<InceptionLevel> => {
    const windows = rows.map(({ kernel, stride, padding }) => windowed(Number(kernel), stride, padding));
    const before = i === 0 ? inChannels : (STEM[0].at(-1)?.channels ?? 0);
    const { name: tap = '', channels = 0 } = rows.at(-1) ?? {};
    return {
      paths: rows.map(({ name }) => name),
      level: LEVELS[i] ?? null,
      tap,
      channels,
      stride: 2,
      cells: i === 0 ? chained(...windows) : chained(pooled, ...windows),
      build: (parameters) => {
        const layers = rows.map(({ name, channels: outChannels, ...window }, j) =>
          convNorm(parameters, name, {
            ...window,
            ...normOf(flavour),
            inChannels: rows[j - 1]?.channels ?? before,
            outChannels,
          }),
        );
        return stageOf(i === 0 ? layers : [maxPooling(POOLING), ...layers]);
      },
    };
  });
}

function stagesOf(flavour: Flavour): readonly Stage<InceptionLevel>[] {
  let before = STEM[1].at(-1)?.channels ?? 0;
  return STAGES.map((rows, i): Stage<InceptionLevel> => {
    const planned = rows.map((row) => {
      const inChannels = before;
      before = widthOf(row, inChannels);
      return [row, inChannels] as const;
    });
    return {
      paths: rows.map(({ name }) => name),
      level: LEVELS[i + 2] ?? null,
      tap: rows.at(-1)?.name ?? '',
      channels: before,
      stride: 2,
      cells: pooled,
      build: (parameters) => {
        const modules = planned.map(([row, inChannels]) => inceptionModule(parameters, row, flavour, inChannels));
        return stageOf(halves(rows) ? modules : [maxPooling(POOLING), ...modules]);
      },
    };
  });
}

const halves = (rows: readonly ModuleRow[]): boolean => rows.some(({ stride }) => stride === 2);
