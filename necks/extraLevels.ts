import type * as tf from '@tensorflow/tfjs';
import type { FeatureInfo, FeatureMaps, FeatureSpec, Level } from '../backbones/features.js';
import type { Layer, Pass } from '../backbones/module.js';
import type { Parameters } from '../backbones/parameters.js';
import { ShapeError } from '../engine/errors.js';
import type { NodeName } from './graph.js';
import { projection, resampleTo } from './resample.js';

/** Every node of a cell computed so far. */
export type Nodes = Map<NodeName, tf.Tensor4D>;

export interface ExtraLevels {
  /** Channels of each `in` node. */
  readonly widths: ReadonlyMap<NodeName, number>;
  forward(maps: Partial<FeatureMaps>, pass: Pass): Nodes;
}

export interface PyramidOptions {
  /** Finest first. */
  readonly levels: readonly Level[];
  readonly channels: number;
  readonly frozen: boolean;
}

/**
 * The inputs of the first cell: the maps given, and deeper ones made from the level above by 1x1 convolution, batch
 * norm and max pool. Parameters `resample.<index>.conv.*`.
 */
export function extraLevels(owner: Parameters, inputs: Partial<FeatureSpec>, options: PyramidOptions): ExtraLevels {
  const { levels, channels, frozen } = options;
  const widths = new Map<NodeName, number>();
  const made: { readonly level: Level; readonly from: Level; readonly project: Layer<tf.Tensor4D> }[] = [];
  levels.forEach((level, i) => {
    widths.set(`${level}.in`, inputs[level]?.channels ?? channels);
    if (inputs[level]) return;
    const from = levels[i - 1]!;
    const inChannels = widths.get(`${from}.in`)!;
    made.push({
      level,
      from,
      project: projection(owner, `resample.${i}`, { inChannels, outChannels: channels, frozen }),
    });
  });
  return {
    widths,
    forward: (maps, pass) => {
      const nodes: Nodes = new Map();
      for (const level of levels) {
        const info = inputs[level];
        if (info) nodes.set(`${level}.in`, checkMap(maps[level], level, info));
      }
      for (const { level, from, project } of made) {
        const source = nodes.get(`${from}.in`)!;
        const [, height, width] = source.shape;
        nodes.set(`${level}.in`, resampleTo(project(source, pass), Math.ceil(height / 2), Math.ceil(width / 2)));
      }
      return nodes;
    },
  };
}

function checkMap(map: tf.Tensor4D | undefined, level: Level, info: FeatureInfo): tf.Tensor4D {
  const channels = map?.shape[3];
  if (map && channels === info.channels) return map;
  const found = map ? `has ${channels} channels` : 'is missing';
  throw new ShapeError(`${level} ${found}, BiFPN expects ${info.channels}: build the neck from backbone.features`);
}
