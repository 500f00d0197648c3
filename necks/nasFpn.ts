import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { type FeatureSpec, LEVELS, type Level } from '../backbones/features.js';
import { fanOutNormal } from '../backbones/initialisers.js';
import { ACTIVATION_NAMES, ACTIVATIONS, convolution } from '../backbones/layers/index.js';
import { createParameters, type Parameters } from '../backbones/parameters.js';
import { readSettings } from '../backbones/settings.js';
import { globalAttention } from './fusion.js';
import { type FusionNode, nasFpnGraph } from './graph.js';
import { defineNeck, type Neck, wantedLevels } from './neck.js';
import { nextCell, type PyramidPlan, planPyramid, runPyramid, type Step } from './pyramid.js';
import { mapNorm, projection, resampleTo } from './resample.js';
import { separable } from './separable.js';

/** A NAS-FPN in a config file; an unknown key is an error. */
export const nasFpnConfig = z.strictObject({
  kind: z.literal('nas-fpn'),
  levels: z
    .array(z.enum(LEVELS))
    .min(1)
    .readonly()
    .default(['P3', 'P4', 'P5', 'P6', 'P7'])
    .describe("Five levels to give, without a gap; those deeper than the backbone's are made by pooling"),
  channels: z.int().min(1).max(1024).default(256).describe('Channels of every map, 1..1024'),
  repeats: z.int().min(1).max(16).default(7).describe('Cells, 1..16'),
  convolution: z
    .enum(['full', 'separable'])
    .default('full')
    .describe('The 3x3 convolution of each node: full, or separable, with an eighth of the work'),
  activation: z.enum(ACTIVATION_NAMES).default('relu').describe('Activation before every convolution'),
  frozen: z.boolean().default(false).describe('true: not trained, batch norm included'),
  seed: z.int().min(0).optional().describe('Seed of the random initial weights. Defaults to that of the network'),
});
export type NasFPNConfig = z.infer<typeof nasFpnConfig>;

/** The config's settings without its `kind`; those left out have the config's defaults. */
export type NasFPNOptions<Out extends Level = Level> = Partial<Omit<NasFPNConfig, 'kind' | 'levels'>> & {
  readonly levels: readonly Out[];
};

/**
 * Builds a NAS-FPN, the pyramid that a search found: cells of seven nodes, of which four merge by global attention. Every node is
 * activation, 3x3 convolution, batch norm. Parameters below `fpn.`: `inputs.0.conv.conv.weight` (1x1 to the pyramid's width, finest first,
 * where it is another), `cell.0.node.3.conv.weight` (`conv_dw`, `conv_pw` if separable), `cell.0.node.3.bn.*`.
 *
 * @param features `backbone.features`
 * @returns        a neck whose maps have the sizes of the backbone's, and half of those above, rounded up, where it made them
 * @throws ConfigError for a setting out of range and for levels that are not five in a row, ShapeError when the backbone lacks the finest
 * @source Ghiasi et al. 2019, arXiv:1904.07392
 */
export function createNasFPN<In extends Level, Out extends Level>(
  options: NasFPNOptions<Out>,
  features: FeatureSpec<In>,
): Neck<Extract<In, Out>, Out> {
  const settings = readSettings(nasFpnConfig, { ...options, kind: 'nas-fpn' }, 'NAS-FPN');
  const { channels, repeats } = settings;
  const graph = nasFpnGraph(settings.levels);
  const plan = planPyramid(settings.levels, features, 'NAS-FPN');
  const owner = createParameters(settings.seed ?? 1);
  const cells = Array.from({ length: repeats }, (_, cell) => [
    ...(cell === 0 ? [] : [nextCell(plan.levels)]),
    ...graph.map((node, index) => fusionStep(owner, `cell.${cell}.node.${index}`, node, settings)),
  ]);
  return runPyramid(owner, plan, {
    name: 'NAS-FPN',
    channels,
    tap: (level) => `cell.${repeats - 1}.${level}`,
    steps: [...inputSteps(owner, plan, settings), ...cells.flat()],
  });
}

/** The neck as the table of `necks/index.ts` lists it. */
export const nasFpn = defineNeck({ config: nasFpnConfig, create: createNasFPN, reads: wantedLevels });

/** Windows side by side. */
const OVERLAP = 0;

/** Every level's input at the pyramid's width: projected where the backbone gives it, else pooled from the one before. */
function inputSteps(owner: Parameters, { levels, given, inputs }: PyramidPlan, settings: NasFPNConfig): Step[] {
  const { channels, frozen } = settings;
  return levels.map((level, i): Step => {
    if (!given.includes(level)) {
      return (nodes) => {
        const above = nodes.get(`${levels[i - 1]!}.in`)!;
        const [, height, width] = above.shape;
        nodes.set(`${level}.in`, resampleTo(above, Math.ceil(height / 2), Math.ceil(width / 2), OVERLAP));
      };
    }
    const widths = { inChannels: inputs[level].channels, outChannels: channels, frozen };
    const project = projection(owner, `inputs.${i}`, widths);
    return (nodes, pass) => void nodes.set(`${level}.in`, project(nodes.get(`${level}.in`)!, pass));
  });
}

/** One node: resample its inputs, merge, activation, convolution, batch norm. */
function fusionStep(owner: Parameters, name: string, node: FusionNode, settings: NasFPNConfig): Step {
  const { channels, frozen } = settings;
  const widths = { inChannels: channels, outChannels: channels, frozen, initialise: fanOutNormal };
  const mix =
    settings.convolution === 'separable'
      ? separable(owner, name, widths)
      : convolution(owner, `${name}.conv`, { ...widths, kernel: 3, stride: 1, padding: 'same', bias: true });
  const normalise = mapNorm(owner, `${name}.bn`, channels, frozen);
  const activate = ACTIVATIONS[settings.activation];
  return (nodes, pass) => {
    const [, height, width] = nodes.get(`${node.level}.in`)!.shape;
    const maps = node.inputs.map((input) => resampleTo(nodes.get(input)!, height, width, OVERLAP));
    nodes.set(node.name, normalise(mix(activate(merged(maps, node.attends)), pass), pass));
  };
}

function merged(maps: readonly tf.Tensor4D[], attends: true | undefined): tf.Tensor4D {
  const [first, second, ...others] = maps as readonly [tf.Tensor4D, tf.Tensor4D, ...tf.Tensor4D[]];
  const both = attends ? globalAttention(first, second) : tf.add<tf.Tensor4D>(first, second);
  return others.reduce((total, map) => tf.add(total, map), both);
}
