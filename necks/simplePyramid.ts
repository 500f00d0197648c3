import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import {
  type FeatureInfo,
  type FeatureMaps,
  type FeatureSpec,
  LEVELS,
  type Level,
  levelsOf,
  mapSize,
} from '../backbones/features.js';
import { glorotUniform } from '../backbones/initialisers.js';
import {
  ACTIVATIONS,
  convolution,
  dense,
  layerNorm,
  type MapLayer,
  maxPooling,
  sequence,
} from '../backbones/layers/index.js';
import { createParameters, type Parameters } from '../backbones/parameters.js';
import { readSettings } from '../backbones/settings.js';
import { ShapeError } from '../engine/errors.js';
import { defineNeck, type Neck } from './neck.js';

/** A simple feature pyramid in a config file; an unknown key is an error. */
export const simplePyramidConfig = z.strictObject({
  kind: z.literal('simple-pyramid'),
  levels: z
    .array(z.enum(LEVELS))
    .min(1)
    .readonly()
    .default(['P2', 'P3', 'P4', 'P5'])
    .describe("Levels to give: finer than the backbone's map by doubling it, coarser by pooling"),
  channels: z.int().min(1).max(1024).default(256).describe('Channels of every map, 1..1024'),
  frozen: z.boolean().default(false).describe('true: not trained'),
  seed: z.int().min(0).optional().describe('Seed of the random initial weights. Defaults to that of the network'),
});
export type SimplePyramidConfig = z.infer<typeof simplePyramidConfig>;

/** The config's settings without its `kind`; those left out have the config's defaults. */
export type SimplePyramidOptions<Out extends Level = Level> = Partial<Omit<SimplePyramidConfig, 'kind' | 'levels'>> & {
  readonly levels: readonly Out[];
};

const EPSILON = 1e-6;

/**
 * A pyramid from one map, for backbones that have but one scale: finer levels by learned doubling, coarser ones by max
 * pool, then 1x1 and 3x3 convolution with layer norm. Parameters `P3.up.0.weight`, `P3.project.conv1.weight`.
 *
 * @param features `backbone.features`; their deepest map is the source
 * @returns        a neck whose maps have twice the cells of the next coarser one, and half of it, rounded up, below the source
 * @throws ConfigError for a setting out of range, ShapeError when the source cannot be doubled as often as asked
 * @source Li et al. 2022, arXiv:2203.16527, section 3 and appendix A.2
 */
export function createSimplePyramid<In extends Level, Out extends Level>(
  options: SimplePyramidOptions<Out>,
  features: FeatureSpec<In>,
): Neck<In, Out> {
  const settings = readSettings(simplePyramidConfig, { ...options, kind: 'simple-pyramid' }, 'simple pyramid');
  const source = levelsOf(features).at(-1);
  if (!source) throw new ShapeError('a simple pyramid needs a map of the backbone, it gives none');
  const info = features[source];
  const levels = LEVELS.filter((level) => settings.levels.includes(level));
  const steps = (level: Level): number => LEVELS.indexOf(level) - LEVELS.indexOf(source);
  const finest = Math.max(0, ...levels.map((level) => -steps(level)));
  if (info.channels % 2 ** finest !== 0) {
    throw new ShapeError(
      `${source} has ${info.channels} channels, which cannot be halved ${finest} times for ${levels[0]}: leave out fine levels`,
    );
  }
  const owner = createParameters(settings.seed ?? 1, () => settings.frozen);
  const branches = levels.map((level) =>
    branch(owner, level, { ...info, steps: steps(level), width: settings.channels }),
  );
  return {
    inputs: { [source]: info } as FeatureSpec<In>,
    features: Object.fromEntries(
      levels.map((level) => [level, featureOf(info, `${level}.project`, steps(level), settings.channels)]),
    ) as FeatureSpec<Out>,
    parameters: owner.parameters,
    dispose: owner.dispose,
    forward: (maps, pass) =>
      tf.tidy(() => {
        const entries = levels.map((level, i) => [level, branches[i]?.(maps[source], pass)] as const);
        return Object.fromEntries(entries) as FeatureMaps<Out>;
      }),
  };
}

/** The neck as the table of `necks/index.ts` lists it; it reads the deepest map alone. */
export const simplePyramid = defineNeck({
  config: simplePyramidConfig,
  create: createSimplePyramid,
  reads: (_levels, offered) => offered.slice(-1),
});

interface BranchOptions {
  /** Channels of the source. */
  readonly channels: number;
  /** Halvings of the source's resolution; below 0: doublings. */
  readonly steps: number;
  /** Channels of the level. */
  readonly width: number;
}

function branch(parameters: Parameters, level: Level, { channels, steps, width }: BranchOptions): MapLayer {
  const ups = Array.from({ length: Math.max(0, -steps) }, (_, i) => {
    const [from, to] = [channels / 2 ** i, channels / 2 ** (i + 1)];
    const isLast = i === -steps - 1;
    const norm = isLast
      ? []
      : [layerNorm(parameters, `${level}.norm.${i}`, { channels: to, epsilon: EPSILON }), ACTIVATIONS.gelu];
    return sequence([doubled(parameters, `${level}.up.${i}`, from, to), ...norm]);
  });
  const downs = Array.from({ length: Math.max(0, steps) }, () => maxPooling({ window: 2, stride: 2, ceil: true }));
  const project = (name: string, kernel: number, inChannels: number): MapLayer =>
    sequence([
      convolution(parameters, `${level}.project.conv${name}`, {
        kernel,
        stride: 1,
        padding: 'same',
        bias: false,
        inChannels,
        outChannels: width,
        initialise: glorotUniform,
      }),
      layerNorm(parameters, `${level}.project.norm${name}`, { channels: width, epsilon: EPSILON }),
    ]);
  const first = project('1', 1, steps < 0 ? channels / 2 ** -steps : channels);
  return sequence([...ups, ...downs, first, project('2', 3, width)]);
}

/** Every cell becomes 2x2 cells, each by its own dense layer: a transposed convolution of 2x2 and stride 2. */
function doubled(parameters: Parameters, name: string, inChannels: number, outChannels: number): MapLayer {
  const spread = dense<tf.Tensor4D>(parameters, name, {
    inChannels,
    outChannels: 4 * outChannels,
    initialise: glorotUniform,
  });
  return (input, pass) => {
    const [N, height, width] = input.shape;
    const rows = tf.reshape(spread(input, pass), [N * height, width, 2, 2 * outChannels]);
    return tf.reshape(tf.transpose(rows, [0, 2, 1, 3]), [N, 2 * height, 2 * width, outChannels]);
  };
}

function featureOf(source: FeatureInfo, tap: string, steps: number, channels: number): FeatureInfo {
  return {
    channels,
    tap,
    stride: source.stride * 2 ** steps,
    sizeOf: (height, width) => {
      const [rows, columns] = mapSize(source, height, width);
      return [Math.ceil(rows / 2 ** steps), Math.ceil(columns / 2 ** steps)];
    },
  };
}
