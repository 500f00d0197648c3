import * as z from 'zod';
import { type FeatureSpec, LEVELS, type Level } from '../backbones/features.js';
import { glorotUniform } from '../backbones/initialisers.js';
import { ACTIVATION_NAMES, ACTIVATIONS, convNorm, convolution, sequence } from '../backbones/layers/index.js';
import { createParameters } from '../backbones/parameters.js';
import { readSettings } from '../backbones/settings.js';
import { channelMapperGraph } from './graph.js';
import { defineNeck, type Neck, wantedLevels } from './neck.js';
import { planPyramid, runPyramid, type Step } from './pyramid.js';

/** A channel mapper in a config file; an unknown key is an error. */
export const channelMapperConfig = z.strictObject({
  kind: z.literal('channel-mapper'),
  levels: z
    .array(z.enum(LEVELS))
    .min(1)
    .readonly()
    .default(['P3', 'P4', 'P5'])
    .describe(
      "Levels to give, without a gap; those deeper than the backbone's are made by 3x3 convolutions of stride 2",
    ),
  channels: z.int().min(1).max(1024).default(256).describe('Channels of every map, 1..1024'),
  kernel: z
    .union([z.literal(1), z.literal(3)])
    .default(3)
    .describe('Side of the convolution of each level that the backbone gives: 1 or 3'),
  norm: z
    .enum(['none', 'batch'])
    .default('batch')
    .describe('batch: batch norm after every convolution; none: biases instead'),
  activation: z.enum(ACTIVATION_NAMES).default('relu').describe('After the norm'),
  frozen: z.boolean().default(false).describe('true: not trained, batch norm included'),
  seed: z.int().min(0).optional().describe('Seed of the random initial weights. Defaults to that of the network'),
});
export type ChannelMapperConfig = z.infer<typeof channelMapperConfig>;

/** The config's settings without its `kind`; those left out have the config's defaults. */
export type ChannelMapperOptions<Out extends Level = Level> = Partial<Omit<ChannelMapperConfig, 'kind' | 'levels'>> & {
  readonly levels: readonly Out[];
};

/** Epsilon of batch norm, as in PyTorch. */
const EPSILON = 1e-5;

/**
 * Brings each map of a backbone to one width, and lets no level see another: a convolution, a norm and an activation per level. Parameters
 * are named as in MMDetection below `fpn.`: `convs.0.conv.weight`, finest first, `convs.0.bn.*`, `extra_convs.0.conv.weight`.
 *
 * @param features `backbone.features`
 * @returns        a neck whose maps have the sizes of the backbone's, and half of those above, rounded up, where it made them
 * @throws ConfigError for a setting out of range and for levels with a gap, ShapeError when the backbone lacks the finest level
 * @source the neck of Carion et al. 2020, arXiv:2005.12872, and of Zhu et al. 2021, arXiv:2010.04159, appendix A.4
 */
export function createChannelMapper<In extends Level, Out extends Level>(
  options: ChannelMapperOptions<Out>,
  features: FeatureSpec<In>,
): Neck<Extract<In, Out>, Out> {
  const settings = readSettings(channelMapperConfig, { ...options, kind: 'channel-mapper' }, 'channel mapper');
  const { channels } = settings;
  const plan = planPyramid(settings.levels, features, 'channel mapper');
  const graph = channelMapperGraph(settings.levels, plan.given);
  const owner = createParameters(settings.seed ?? 1, () => settings.frozen);
  const activate = ACTIVATIONS[settings.activation];
  const steps = graph.map(({ name, inputs: [input] }, i): Step => {
    const made = i - plan.given.length;
    const inChannels = made > 0 ? channels : plan.inputs[plan.given[made < 0 ? i : i - 1]!].channels;
    const window = made < 0 ? { kernel: settings.kernel, stride: 1 } : { kernel: 3, stride: 2 };
    const path = made < 0 ? `convs.${i}` : `extra_convs.${made}`;
    const widths = { ...window, inChannels, outChannels: channels, initialise: glorotUniform };
    const map =
      settings.norm === 'batch'
        ? convNorm(owner, path, { ...widths, epsilon: EPSILON, activation: settings.activation })
        : sequence([convolution(owner, `${path}.conv`, { ...widths, padding: 'symmetric', bias: true }), activate]);
    return (nodes, pass) => void nodes.set(name, map(nodes.get(input!)!, pass));
  });
  return runPyramid(owner, plan, { name: 'channel mapper', channels, tap: (level) => `${level}.out`, steps });
}

/** The neck as the table of `necks/index.ts` lists it. */
export const channelMapper = defineNeck({
  config: channelMapperConfig,
  create: createChannelMapper,
  reads: wantedLevels,
});
