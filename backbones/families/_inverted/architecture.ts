import type { Architecture, ArchitectureOptions, Family, Stage, Top } from '../../family.js';
import { ACTIVATIONS, convolution, denseTop, sequence, stageOf } from '../../layers/index.js';
import { ceiled, dropPathRates } from '../../strides.js';
import { block, partsOf } from './block.js';
import { type InvertedPlan, invertedPlan } from './plan.js';
import { INVERTED_LEVELS, type InvertedLevel, type InvertedSpec } from './spec.js';

/** A family of networks of inverted residuals from its table. */
export function invertedFamily<Arch extends string>(
  archs: readonly Arch[],
  specOf: (arch: Arch) => InvertedSpec,
): Family<Arch, InvertedLevel> {
  return {
    archs,
    levels: INVERTED_LEVELS,
    outputStrides: [8, 16],
    architecture: (arch, options) => invertedArchitecture(specOf(arch), options),
  };
}

/** Parameters named as in timm (`blocks.2.1.conv_dw.weight`); feature taps: the last block before the stride changes. */
function invertedArchitecture(spec: InvertedSpec, options: ArchitectureOptions): Architecture<InvertedLevel> {
  return planned(invertedPlan(spec, options.outputStride), options);
}

/** The network of a plan; the plan has the output stride in it already. */
export function planned(plan: InvertedPlan, options: ArchitectureOptions): Architecture<InvertedLevel> {
  const { spec } = plan;
  return {
    inputPixels: spec.inputPixels,
    preprocessing: spec.preprocessing,
    activation: spec.activation,
    stem: 'conv_stem',
    stages: [stemOf(plan, options), ...stagesOf(plan, options)],
    top: topOf(plan),
  };
}

function stemOf({ spec, stemLevel: level }: InvertedPlan, { inChannels }: ArchitectureOptions): Stage<InvertedLevel> {
  const channels = spec.stemChannels;
  return {
    paths: ['conv_stem', 'bn1'],
    level,
    tap: 'bn1',
    channels,
    stride: 2,
    cells: ceiled(2),
    build: (parameters) => {
      const parts = partsOf(parameters, spec);
      return stageOf([
        parts.dense('conv_stem', { kernel: 3, stride: 2, from: inChannels, to: channels }),
        ...[parts.norm('bn1', channels), ACTIVATIONS[spec.activation]],
      ]);
    },
  };
}

function stagesOf({ spec, stages }: InvertedPlan, { dropPath }: ArchitectureOptions): readonly Stage<InvertedLevel>[] {
  const blocks = stages.flatMap((stage) => stage.blocks);
  const rates = dropPathRates(dropPath, blocks.length, blocks.length);
  return stages.map(({ paths, tap, level, stride, channels, blocks: own }) => ({
    paths,
    level,
    tap,
    channels,
    stride,
    cells: ceiled(stride),
    build: (parameters) => {
      const parts = partsOf(parameters, spec);
      return stageOf(own.map((plan) => block(parts, plan, rates[blocks.indexOf(plan)] ?? 0)));
    },
  }));
}

function topOf({ spec, stages }: InvertedPlan): Top {
  const { headChannels: channels } = spec;
  const inChannels = stages.at(-1)?.channels ?? 0;
  const activate = ACTIVATIONS[spec.activation];
  const shared = { channels, classifier: 'classifier' };
  if (spec.head === 'map') {
    return denseTop({
      ...shared,
      before: (parameters) => {
        const parts = partsOf(parameters, spec);
        const conv = parts.dense('conv_head', { kernel: 1, from: inChannels, to: channels });
        return sequence([conv, parts.norm('bn2', channels), activate]);
      },
    });
  }
  return denseTop({
    ...shared,
    after: (parameters) => {
      const settings = {
        kernel: 1,
        stride: 1,
        padding: 'same',
        bias: true,
        inChannels,
        outChannels: channels,
      } as const;
      return sequence([convolution(parameters, 'conv_head', settings), activate]);
    },
  });
}
