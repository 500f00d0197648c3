import * as z from 'zod';
import { type FeatureSpec, LEVELS, type Level } from '../backbones/features.js';
import { glorotUniform } from '../backbones/initialisers.js';
import { ACTIVATION_NAMES, ACTIVATIONS } from '../backbones/layers/index.js';
import { createParameters, type Parameters } from '../backbones/parameters.js';
import { readSettings } from '../backbones/settings.js';
import { FUSIONS } from './fusion.js';
import { bifpnGraph, type FusionNode, type NodeName } from './graph.js';
import { defineNeck, type Neck, wantedLevels } from './neck.js';
import { nextCell, type PyramidPlan, planPyramid, runPyramid, type Step } from './pyramid.js';
import { mapNorm, projection, resampleTo } from './resample.js';
import { separable } from './separable.js';

/** A BiFPN in a config file; an unknown key is an error. */
export const bifpnConfig = z.strictObject({
  kind: z.literal('bifpn'),
  levels: z
    .array(z.enum(LEVELS))
    .min(2)
    .readonly()
    .default(['P3', 'P4', 'P5', 'P6', 'P7'])
    .describe("Levels to give, without a gap; those deeper than the backbone's are made by pooling"),
  channels: z.int().min(1).max(1024).default(64).describe('Channels of every map, 1..1024'),
  repeats: z.int().min(1).max(16).default(3).describe('Cells, 1..16'),
  fusion: z
    .enum(['fast', 'sum'])
    .default('fast')
    .describe('How maps are added: fast (learned weights, normalised by their sum) or sum (unweighted)'),
  activation: z.enum(ACTIVATION_NAMES).default('swish').describe('Activation before every convolution'),
  frozen: z.boolean().default(false).describe('true: not trained, batch norm included'),
  seed: z.int().min(0).optional().describe('Seed of the random initial weights. Defaults to that of the network'),
});
export type BiFPNConfig = z.infer<typeof bifpnConfig>;

/** The config's settings without its `kind`; those left out have the config's defaults. */
export type BiFPNOptions<Out extends Level = Level> = Partial<Omit<BiFPNConfig, 'kind' | 'levels'>> & {
  readonly levels: readonly Out[];
};

/**
 * Builds a BiFPN, the weighted bidirectional feature pyramid of EfficientDet. Parameters are named as in effdet below
 * `fpn.`: `cell.0.fnode.3.after_combine.conv.conv_dw.weight`. Levels deeper than the backbone's are made from the one
 * above by 1x1 convolution, batch norm and max pool: `resample.3.conv.conv.weight`.
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
  const { channels, repeats } = settings;
  const graph = bifpnGraph(settings.levels);
  const plan = planPyramid(settings.levels, features, 'BiFPN');
  const owner = createParameters(settings.seed ?? 1);
  const { widths, steps: extra } = extraLevels(owner, plan, settings);
  const cells = Array.from({ length: repeats }, (_, cell) => [
    ...(cell === 0 ? [] : [nextCell(plan.levels)]),
    ...graph.map((node, index) => {
      const width = (name: NodeName): number => (cell === 0 ? widths.get(name) : undefined) ?? channels;
      return fusionStep(owner, `cell.${cell}.fnode.${index}`, node, width, settings);
    }),
  ]);
  return runPyramid(owner, plan, {
    name: 'BiFPN',
    channels,
    tap: (level) => `cell.${repeats - 1}.${level}`,
    steps: [...extra, ...cells.flat()],
  });
}

/** The neck as the table of `necks/index.ts` lists it. */
export const bifpn = defineNeck({ config: bifpnConfig, create: createBiFPN, reads: wantedLevels });

/** The `in` nodes that the backbone does not give, and the widths of all of them. */
function extraLevels(owner: Parameters, { levels, inputs }: PyramidPlan, { channels, frozen }: BiFPNConfig) {
  const widths = new Map<NodeName, number>();
  const steps: Step[] = [];
  const given: Partial<FeatureSpec> = inputs;
  for (const [i, level] of levels.entries()) {
    widths.set(`${level}.in`, given[level]?.channels ?? channels);
    if (given[level]) continue;
    const from = `${levels[i - 1]!}.in` as const;
    const project = projection(owner, `resample.${i}`, {
      inChannels: widths.get(from)!,
      outChannels: channels,
      frozen,
    });
    steps.push((nodes, pass) => {
      const source = nodes.get(from)!;
      const [, height, width] = source.shape;
      const map = resampleTo(project(source, pass), Math.ceil(height / 2), Math.ceil(width / 2));
      nodes.set(`${level}.in`, map);
    });
  }
  return { widths, steps };
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
  const normalise = mapNorm(owner, `${name}.after_combine.conv.bn`, channels, frozen);
  return (nodes, pass) => {
    const [, height, width] = nodes.get(`${node.level}.in`)!.shape;
    const maps = node.inputs.map((input, i) => resampleTo(projections[i]!(nodes.get(input)!, pass), height, width));
    nodes.set(node.name, normalise(mix(activate(fuse(maps)), pass), pass));
  };
}
