import { IMAGENET } from '../backbone.js';
import type { Architecture, ArchitectureOptions, Family, Stage } from '../family.js';
import { denseTop, stageOf } from '../layers/index.js';
import { ceiled, dropPathRates, strided } from '../strides.js';
import { type BlockPlan, block, stem, stemPooling } from './block.js';
import { EXPANSION, RESNETS, type ResNetArch, WIDTHS } from './spec.js';

export type ResNetLevel = (typeof LEVELS)[number];
const LEVELS = ['P1', 'P2', 'P3', 'P4', 'P5'] as const;

/**
 * ResNet; parameters named as in timm and torchvision (`layer2.0.conv1.weight`).
 *
 * @source He et al. 2016, arXiv:1512.03385
 */
export const resNet: Family<ResNetArch, ResNetLevel> = {
  archs: Object.keys(RESNETS) as ResNetArch[],
  levels: LEVELS,
  outputStrides: [8, 16],
  architecture: (arch, options) => {
    const stages = [stemOf(options), ...stagesOf(arch, options)];
    const channels = stages.at(-1)?.channels ?? 0;
    return {
      ...{ inputPixels: 224, preprocessing: IMAGENET, activation: 'relu', stem: 'conv1' },
      stages,
      top: denseTop({ channels, classifier: 'fc' }),
    } satisfies Architecture<ResNetLevel>;
  },
};

function stemOf({ inChannels }: ArchitectureOptions): Stage<ResNetLevel> {
  const channels = WIDTHS[0];
  return {
    ...{ paths: ['conv1', 'bn1'], level: 'P1', tap: 'act1', channels, stride: 2, cells: ceiled(2) },
    build: (parameters) => stageOf([stem(parameters, inChannels, channels)]),
  };
}

function stagesOf(arch: ResNetArch, options: ArchitectureOptions): readonly Stage<ResNetLevel>[] {
  const row = RESNETS[arch];
  const strides = strided([1, 2, 2, 2], 4, options.outputStride);
  const total = row.repeats.reduce<number>((sum, repeats) => sum + repeats, 0);
  const rates = dropPathRates(options.dropPath, total);
  let inChannels: number = WIDTHS[0];
  let built = 0;
  return strides.map(({ stride, firstDilation, dilation }, index): Stage<ResNetLevel> => {
    const width = WIDTHS[index] ?? 0;
    const path = `layer${index + 1}`;
    const plans = Array.from({ length: row.repeats[index] ?? 0 }, (_, i): BlockPlan => {
      const first = { stride, dilation: firstDilation };
      const plan = { path: `${path}.${i}`, block: row.block, inChannels, width, dropPath: rates[built] ?? 0 };
      inChannels = width * EXPANSION[row.block];
      built++;
      return { ...plan, ...(i === 0 ? first : { stride: 1, dilation }) };
    });
    const pooled = index === 0; // the stem's max pool belongs to no level
    const factor = pooled ? 2 : stride;
    return {
      ...{ paths: [path], level: LEVELS[index + 1] ?? null, tap: path },
      ...{ channels: inChannels, stride: factor, cells: ceiled(factor) },
      build: (parameters) => {
        const blocks = plans.map((plan) => block(parameters, plan));
        return stageOf(pooled ? [stemPooling, ...blocks] : blocks);
      },
    };
  });
}
