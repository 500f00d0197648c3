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
import { glorotUniform } from '../backbones/initialisers.js';
import { ACTIVATIONS, batchNorm, NORM_MOMENTUM } from '../backbones/layers/index.js';
import type { Pass } from '../backbones/module.js';
import { createParameters, type Parameters } from '../backbones/parameters.js';
import { readSettings } from '../backbones/settings.js';
import { ShapeError } from '../engine/errors.js';
import { type BiFPNConfig, bifpnConfig } from './config.js';
import { extraLevels, type Nodes } from './extraLevels.js';
import { FUSIONS } from './fusion.js';
import { bifpnGraph, type FusionNode, type NodeName } from './graph.js';
import type { Neck } from './neck.js';
import { NORM_EPSILON, projection, resampleTo } from './resample.js';
import { separable } from './separable.js';

/** The config's settings without its `kind`; those left out have the config's defaults. */
export type BiFPNOptions<Out extends Level = Level> = Partial<Omit<BiFPNConfig, 'kind' | 'levels'>> & {
  readonly levels: readonly Out[];
};

/** Computes one node from those before it. */
type Step = (nodes: Nodes, pass: Pass) => void;

/**
 * A BiFPN over the levels of `options`; parameters named as in effdet below `fpn.`: `cell.0.fnode.3.after_combine.conv.conv_dw.weight`.
 * Levels deeper than the backbone's are made from the one above by 1x1 convolution, batch norm and max pool.
 *
 * @param features `backbone.features`
 * @returns        a neck whose maps have the sizes of the backbone's, and half of those above, rounded up, where it made them
 * @throws ConfigError for a setting out of range and for levels with a gap, ShapeError when the backbone lacks a level that pooling cannot make
 * @source Tan et al. 2020, arXiv:1911.09070
 */
export function createBiFPN<In extends Level, Out extends Level>(
  options: BiFPNOptions<Out>,
  features: FeatureSpec<In>,
): Neck<Extract<In, Out>, Out> {
  const settings = readSettings(bifpnConfig, { ...options, kind: 'bifpn' }, 'BiFPN');
  const { channels, repeats, frozen } = settings;
  const graph = bifpnGraph(settings.levels);
  const levels: readonly Level[] = LEVELS.filter((level) => graph.some((node) => node.level === level));
  const given = levels.filter((level) => level in features);
  checkLevels(levels, given, levelsOf(features));
  const inputs = Object.fromEntries(given.map((level) => [level, (features as FeatureSpec)[level]])) as FeatureSpec;
  const owner = createParameters(settings.seed);
  const extend = extraLevels(owner, inputs, { levels, channels, frozen });
  const cells = Array.from({ length: repeats }, (_, cell) =>
    graph.map((node, index) => {
      const width = (name: NodeName): number => (cell === 0 ? extend.widths.get(name) : undefined) ?? channels;
      return fusionStep(owner, `cell.${cell}.fnode.${index}`, node, width, settings);
    }),
  );
  return {
    inputs: inputs as FeatureSpec<Extract<In, Out>>,
    features: outputSpec(levels, inputs, settings) as FeatureSpec<Out>,
    parameters: owner.parameters,
    dispose: owner.dispose,
    forward: (maps, pass) =>
      tf.tidy(() => {
        let nodes = extend.forward(maps, pass);
        for (const [cell, steps] of cells.entries()) {
          for (const step of steps) step(nodes, pass);
          if (cell < repeats - 1) nodes = new Map(levels.map((level) => [`${level}.in`, nodes.get(`${level}.out`)!]));
        }
        return Object.fromEntries(levels.map((level) => [level, nodes.get(`${level}.out`)])) as FeatureMaps<Out>;
      }),
  };
}

/** One node: resample its inputs, fuse, activation, separable convolution, batch norm. */
function fusionStep(
  owner: Parameters,
  name: string,
  node: FusionNode,
  width: (input: NodeName) => number,
  options: BiFPNConfig,
): Step {
  const { channels, frozen } = options;
  const levels = LEVELS.filter((level) => options.levels.includes(level));
  // Only maps of the backbone are projected; their number is their level's.
  const projections = node.inputs.map((input) =>
    projection(owner, `${name}.combine.resample.${levels.findIndex((level) => input.startsWith(level))}`, {
      inChannels: width(input),
      outChannels: channels,
      frozen,
    }),
  );
  const fuse = FUSIONS[options.fusion](owner, `${name}.combine`, node.inputs.length, frozen);
  const activate = ACTIVATIONS[options.activation];
  const mix = separable(owner, `${name}.after_combine.conv`, {
    inChannels: channels,
    outChannels: channels,
    frozen,
    initialise: glorotUniform,
  });
  const normalise = batchNorm(owner, `${name}.after_combine.conv.bn`, {
    channels,
    epsilon: NORM_EPSILON,
    momentum: NORM_MOMENTUM,
    frozen,
  });
  return (nodes, pass) => {
    const [, height, width] = nodes.get(`${node.level}.in`)!.shape;
    const maps = node.inputs.map((input, i) => resampleTo(projections[i]!(nodes.get(input)!, pass), height, width));
    nodes.set(node.name, normalise(mix(activate(fuse(maps)), pass), pass));
  };
}

/** @throws ShapeError when the first level is not given, or a given one comes after a made one */
function checkLevels(levels: readonly Level[], given: readonly Level[], offered: readonly Level[]): void {
  if (given.length > 0 && given.every((level, i) => level === levels[i])) return;
  const missing = levels.find((level, i) => level !== given[i]);
  throw new ShapeError(
    `BiFPN needs ${missing}, the backbone gives ${offered.join(', ')}: only levels deeper than those can be made by pooling; a simple-pyramid makes finer ones`,
  );
}

function outputSpec(levels: readonly Level[], inputs: Partial<FeatureSpec>, options: BiFPNConfig): FeatureSpec {
  const spec: { [K in Level]?: FeatureSpec[Level] } = {};
  let above: FeatureInfo | undefined;
  for (const level of levels) {
    const own = inputs[level] ?? halved(above!); // the first level is given
    const tap = `cell.${options.repeats - 1}.${level}`;
    const sizeOf = (height: number, width: number) => mapSize(own, height, width);
    above = { channels: options.channels, stride: own.stride, tap, sizeOf };
    spec[level] = above;
  }
  return spec as FeatureSpec;
}

/** The level that pooling makes from another. */
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
