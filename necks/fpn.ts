import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { type FeatureSpec, LEVELS, type Level } from '../backbones/features.js';
import { fanInUniform } from '../backbones/initialisers.js';
import { ACTIVATIONS, batchNorm, convolution, type MapLayer, NORM_MOMENTUM } from '../backbones/layers/index.js';
import { createParameters, type Parameters } from '../backbones/parameters.js';
import { readSettings } from '../backbones/settings.js';
import { need, valueAt } from '../engine/checked.js';
import { type FusionNode, fpnGraph, levelOf, type NodeName } from './graph.js';
import { defineNeck, type Neck, wantedLevels } from './neck.js';
import { planPyramid, runPyramid, type Step } from './pyramid.js';
import { resampleTo } from './resample.js';

/** Epsilon of batch norm, as in torchvision. */
const EPSILON = 1e-5;

/** Settings that every pyramid of plain convolutions has. */
export const fpnSettings = {
  levels: z
    .array(z.enum(LEVELS))
    .min(1)
    .readonly()
    .default(['P3', 'P4', 'P5', 'P6', 'P7'])
    .describe("Levels to give, without a gap; those deeper than the backbone's are made by convolutions of stride 2"),
  channels: z.int().min(1).max(1024).default(256).describe('Channels of every map, 1..1024'),
  norm: z
    .enum(['none', 'batch'])
    .default('none')
    .describe('batch: batch norm after every convolution; none: biases instead'),
  frozen: z.boolean().default(false).describe('true: not trained, batch norm included'),
  seed: z.int().min(0).optional().describe('Seed of the random initial weights. Defaults to that of the network'),
} as const;

/** A feature pyramid network in a config file; an unknown key is an error. */
export const fpnConfig = z.strictObject({ kind: z.literal('fpn'), ...fpnSettings });
export type FPNConfig = z.infer<typeof fpnConfig>;

/** The config's settings without its `kind`; those left out have the config's defaults. */
export type FPNOptions<Out extends Level = Level> = Partial<Omit<FPNConfig, 'kind' | 'levels'>> & {
  readonly levels: readonly Out[];
};

/**
 * Builds a feature pyramid network. Parameters are named as in torchvision below `fpn.`: `inner_blocks.0.0.weight` (1x1
 * laterals, finest first), `layer_blocks.0.0.weight` (3x3), `extra_blocks.p6.weight`; batch norm `inner_blocks.0.1.*`.
 *
 * @param features `backbone.features`
 * @returns        a neck whose maps have the sizes of the backbone's, and half of those above, rounded up, where it made them
 * @throws ConfigError for a setting out of range and for levels with a gap, ShapeError when the backbone lacks the finest level
 * @source Lin et al. 2017, arXiv:1612.03144; deeper levels as in arXiv:1708.02002, from the deepest output
 */
export function createFPN<In extends Level, Out extends Level>(
  options: FPNOptions<Out>,
  features: FeatureSpec<In>,
): Neck<Extract<In, Out>, Out> {
  const settings = readSettings(fpnConfig, { ...options, kind: 'fpn' }, 'FPN');
  return createConvolutionPyramid('FPN', fpnGraph, settings, features);
}

/** The neck as the table of `necks/index.ts` lists it. */
export const fpn = defineNeck({ config: fpnConfig, create: createFPN, reads: wantedLevels });

/** A pyramid whose nodes are sums of resampled maps and 3x3 convolutions of them, whatever its graph. */
export function createConvolutionPyramid<In extends Level, Out extends Level>(
  name: string,
  graphOf: (levels: readonly Level[], given: readonly Level[]) => readonly FusionNode[],
  settings: Omit<FPNConfig, 'kind'>,
  features: FeatureSpec<In>,
): Neck<Extract<In, Out>, Out> {
  const plan = planPyramid(settings.levels, features, name);
  const graph = graphOf(settings.levels, plan.given);
  const owner = createParameters(settings.seed ?? 1, () => settings.frozen);
  const widths: Partial<FeatureSpec> = plan.inputs;
  const steps = graph.map((node): Step => {
    const edges = node.inputs.map((input) => {
      const width = input.endsWith('.in') ? widths[node.level]!.channels : settings.channels;
      return edgeLayer(owner, node, input, width, plan.given, settings);
    });
    return (nodes, pass) => {
      const grid = nodes.get(`${node.level}.in`)?.shape; // absent: the level is made of the one before it
      const maps = node.inputs.map((input, i) => {
        const map = valueAt(edges, i)(need(nodes, input), pass);
        return grid ? resampleTo(map, grid[1], grid[2]) : map;
      });
      nodes.set(
        node.name,
        maps.reduce((sum, map) => tf.add(sum, map)),
      );
    };
  });
  return runPyramid(owner, plan, { name, channels: settings.channels, tap: (level) => `${level}.out`, steps });
}

/**
 * What an edge does beside bringing a map to a finer grid: a lateral is a 1x1 convolution, an edge to a coarser grid a
 * 3x3 one of stride 2, an edge to a level's next node a 3x3 one; an edge into a sum is nothing.
 */
function edgeLayer(
  owner: Parameters,
  { name, level, inputs }: FusionNode,
  input: NodeName,
  inChannels: number,
  given: readonly Level[],
  settings: Omit<FPNConfig, 'kind'>,
): MapLayer {
  const index = given.indexOf(level);
  const layer = (path: string, kernel: number, stride: number): MapLayer =>
    block(owner, path, { kernel, stride, inChannels, settings });
  if (input.endsWith('.in')) return layer(`inner_blocks.${index}.0`, 1, 1);
  if (index < 0) {
    const project = layer(`extra_blocks.${level.toLowerCase()}`, 3, 2);
    // The first level made reads a map that has no activation; those after it pass through one.
    return levelOf(input) === given.at(-1) ? project : (map, pass) => project(ACTIVATIONS.relu(map), pass);
  }
  if (levelOf(input) < level) return layer(`down_blocks.${index - 1}.0`, 3, 2);
  if (levelOf(input) > level || inputs.length > 1) return (map) => map;
  return input.endsWith('.bu') && name.endsWith('.out')
    ? layer(`pan_blocks.${index - 1}.0`, 3, 1)
    : layer(`layer_blocks.${index}.0`, 3, 1);
}

interface BlockOptions {
  readonly kernel: number;
  readonly stride: number;
  readonly inChannels: number;
  readonly settings: Omit<FPNConfig, 'kind'>;
}

/** Convolution, and batch norm where the pyramid has it. */
function block(owner: Parameters, path: string, { kernel, stride, inChannels, settings }: BlockOptions): MapLayer {
  const { channels, norm } = settings;
  const project = convolution(owner, path, {
    kernel,
    stride,
    padding: 'symmetric',
    bias: norm === 'none',
    inChannels,
    outChannels: channels,
    initialise: fanInUniform,
  });
  if (norm === 'none') return project;
  const normPath = path.endsWith('.0') ? `${path.slice(0, -2)}.1` : `${path}_norm`;
  const normalise = batchNorm(owner, normPath, { channels, epsilon: EPSILON, momentum: NORM_MOMENTUM });
  return (map, pass) => normalise(project(map, pass), pass);
}
