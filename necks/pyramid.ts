import * as tf from '@tensorflow/tfjs';
import {
  type FeatureInfo,
  type FeatureMaps,
  type FeatureSpec,
  LEVELS,
  type Level,
  levelsOf,
  mapSize,
} from '../backbones/features.js';
import type { Pass } from '../backbones/module.js';
import type { Parameters } from '../backbones/parameters.js';
import { ShapeError } from '../engine/errors.js';
import type { NodeName } from './graph.js';
import type { Neck } from './neck.js';

/** Maps of the nodes computed so far. */
export type Nodes = Map<NodeName, tf.Tensor4D>;

/** Computes one node from those before it. */
export type Step = (nodes: Nodes, pass: Pass) => void;

/** Where a pyramid's maps come from and what they are. */
export interface PyramidPlan {
  /** Every level of the pyramid, finest first. */
  readonly levels: readonly Level[];
  /** The levels read from the backbone: the finest ones. */
  readonly given: readonly Level[];
  /** Features of the given levels. */
  readonly inputs: FeatureSpec;
}

/**
 * Splits the levels of a pyramid into those the backbone gives and the deeper ones that the neck makes.
 *
 * @param wanted   levels of the pyramid
 * @param features what the backbone gives
 * @param name     of the neck, for errors
 * @throws ShapeError when the finest level is not given, or a given one comes after a made one
 */
export function planPyramid(wanted: readonly Level[], features: Partial<FeatureSpec>, name: string): PyramidPlan {
  const levels = LEVELS.filter((level) => wanted.includes(level));
  const given = levels.filter((level) => level in features);
  if (given.length === 0 || given.some((level, i) => level !== levels[i])) {
    const missing = levels.find((level, i) => level !== given[i]);
    throw new ShapeError(
      `${name} needs ${missing}, the backbone gives ${levelsOf(features as FeatureSpec).join(', ')}: only levels deeper than those can be made by pooling; a simple-pyramid makes finer ones`,
    );
  }
  const inputs = Object.fromEntries(given.map((level) => [level, features[level]])) as FeatureSpec;
  return { levels, given, inputs };
}

export interface PyramidOptions {
  /** Name of the neck, for errors. */
  readonly name: string;
  /** Channels of every map it gives. */
  readonly channels: number;
  /** Place of a level's last operation, see `FeatureInfo.tap`. */
  readonly tap: (level: Level) => string;
  /** Run in order; every level's `out` is computed by one of them. */
  readonly steps: readonly Step[];
}

/** Runs a graph of nodes as a neck: reads the `in` nodes from the backbone, runs the steps, gives the `out` nodes. */
export function runPyramid<In extends Level, Out extends Level>(
  owner: Parameters,
  { levels, given, inputs }: PyramidPlan,
  { name, channels, tap, steps }: PyramidOptions,
): Neck<In, Out> {
  return {
    inputs,
    features: outputSpec(levels, inputs, channels, tap),
    parameters: owner.parameters,
    dispose: owner.dispose,
    forward: (maps, pass) =>
      tf.tidy(() => {
        const nodes: Nodes = new Map();
        for (const level of given)
          nodes.set(`${level}.in`, checkMap(maps as Partial<FeatureMaps>, level, inputs, name));
        for (const step of steps) step(nodes, pass);
        return Object.fromEntries(levels.map((level) => [level, nodes.get(`${level}.out`)])) as FeatureMaps<Out>;
      }),
  };
}

/** What one cell gives is what the next one reads. */
export function nextCell(levels: readonly Level[]): Step {
  return (nodes) => {
    for (const level of levels) nodes.set(`${level}.in`, nodes.get(`${level}.out`)!);
  };
}

function checkMap(maps: Partial<FeatureMaps>, level: Level, inputs: FeatureSpec, name: string): tf.Tensor4D {
  const map = maps[level];
  const expected = inputs[level].channels;
  if (map && map.shape[3] === expected) return map;
  const found = map ? `has ${map.shape[3]} channels` : 'is missing';
  throw new ShapeError(`${level} ${found}, ${name} expects ${expected}: build the neck from backbone.features`);
}

function outputSpec(
  levels: readonly Level[],
  inputs: Partial<FeatureSpec>,
  channels: number,
  tap: (level: Level) => string,
): FeatureSpec {
  const spec: { [K in Level]?: FeatureInfo } = {};
  let above: FeatureInfo | undefined;
  for (const level of levels) {
    const own = inputs[level] ?? halved(above!); // the first level is given
    const sizeOf = (height: number, width: number) => mapSize(own, height, width);
    above = { channels, stride: own.stride, tap: tap(level), sizeOf };
    spec[level] = above;
  }
  return spec as FeatureSpec;
}

/** The level that a stride of 2 makes from another. */
function halved(above: FeatureInfo): FeatureInfo {
  return {
    ...above,
    stride: 2 * above.stride,
    sizeOf: (height, width) => {
      const [rows, columns] = mapSize(above, height, width);
      return [Math.ceil(rows / 2), Math.ceil(columns / 2)];
    },
  };
}
