import { applyRules, type LayerTable, type Rules, targetBlocks } from './blocks.js';
import type { Rename } from './scheme.js';

/** EfficientNet: `features.3.1.block.2.fc1.weight`, stages numbered behind the stem. */
const EFFICIENTNET_ENDS: Rules = [
  [/^features\.0\.0\./, 'conv_stem.'],
  [/^features\.0\.1\./, 'bn1.'],
  [/^features\.\d+\.0\./, 'conv_head.'],
  [/^features\.\d+\.1\./, 'bn2.'],
  [/^classifier\.1\./, 'classifier.'],
];
const SQUEEZE_SEPARABLE = { '1.fc1': 'se.conv_reduce', '1.fc2': 'se.conv_expand' } as const;
const SQUEEZE_INVERTED = { '2.fc1': 'se.conv_reduce', '2.fc2': 'se.conv_expand' } as const;
const EFFICIENTNET = {
  separable: { '0.0': 'conv_dw', '0.1': 'bn1', ...SQUEEZE_SEPARABLE, '2.0': 'conv_pw', '2.1': 'bn2' },
  inverted: {
    '0.0': 'conv_pw',
    '0.1': 'bn1',
    '1.0': 'conv_dw',
    '1.1': 'bn2',
    ...SQUEEZE_INVERTED,
    '3.0': 'conv_pwl',
    '3.1': 'bn3',
  },
  fused: { '0.0': 'conv_exp', '0.1': 'bn1', '1.0': 'conv_pwl', '1.1': 'bn2' },
  plain: { '0.0': 'conv', '0.1': 'bn1' },
} as const satisfies LayerTable;

export function torchvisionEfficientNet(target: Iterable<string>): Rename {
  const kinds = new Map(targetBlocks(target).map(({ path, kind }) => [path, kind]));
  return (name) => {
    const [, stage, index, layer = '', variable] =
      /^features\.(\d+)\.(\d+)\.block\.(\d+\.(?:\d+|fc[12]))\.(\w+)$/.exec(name) ?? [];
    const path = `blocks.${Number(stage) - 1}.${index}`;
    const kind = kinds.get(path);
    if (stage === undefined || !kind) return applyRules(EFFICIENTNET_ENDS, name) ?? name;
    const layers: Readonly<Record<string, string>> = EFFICIENTNET[kind];
    const own = layers[layer];
    return own === undefined ? name : `${path}.${own}.${variable}`;
  };
}

/** MobileNetV2: `features.4.conv.1.0.weight`, blocks numbered through behind the stem. */
const MOBILENET_V2_ENDS: Rules = [
  [/^features\.0\.0\./, 'conv_stem.'],
  [/^features\.0\.1\./, 'bn1.'],
  [/^features\.18\.0\./, 'conv_head.'],
  [/^features\.18\.1\./, 'bn2.'],
  [/^classifier\.1\./, 'classifier.'],
];
const MOBILENET_V2 = {
  separable: { '0.0': 'conv_dw', '0.1': 'bn1', '1': 'conv_pw', '2': 'bn2' },
  inverted: { '0.0': 'conv_pw', '0.1': 'bn1', '1.0': 'conv_dw', '1.1': 'bn2', '2': 'conv_pwl', '3': 'bn3' },
  fused: {},
  plain: {},
} as const satisfies LayerTable;

export function torchvisionMobileNetV2(target: Iterable<string>): Rename {
  const blocks = targetBlocks(target);
  return (name) => {
    const [, index, layer = '', variable] = /^features\.(\d+)\.conv\.([\d.]+)\.(\w+)$/.exec(name) ?? [];
    const block = blocks[Number(index ?? 0) - 1];
    if (!block) return applyRules(MOBILENET_V2_ENDS, name) ?? name;
    const layers: Readonly<Record<string, string>> = MOBILENET_V2[block.kind];
    const own = layers[layer];
    return own === undefined ? name : `${block.path}.${own}.${variable}`;
  };
}

/**
 * MobileNetV3: `features.4.block.2.fc1.weight`. A block's parts are numbered through, so that what a number means
 * depends on whether the block widens first and whether it squeezes.
 */
export function torchvisionMobileNetV3(target: Iterable<string>): Rename {
  const names = [...target];
  const blocks = targetBlocks(names).filter(({ kind }) => kind !== 'plain');
  const squeezes = new Set(names.flatMap((name) => /^(blocks\.\d+\.\d+)\.se\./.exec(name)?.[1] ?? []));
  const last = targetBlocks(names).find(({ kind }) => kind === 'plain')?.path;
  const ends: Rules = [
    [/^features\.0\.0\./, 'conv_stem.'],
    [/^features\.0\.1\./, 'bn1.'],
    [/^features\.\d+\.0\./, `${last}.conv.`],
    [/^features\.\d+\.1\./, `${last}.bn1.`],
    [/^classifier\.0\./, 'conv_head.'],
    [/^classifier\.3\./, 'classifier.'],
  ];
  return (name) => {
    const [, index, part, layer = '', variable] =
      /^features\.(\d+)\.block\.(\d+)\.(\d+|fc[12])\.(\w+)$/.exec(name) ?? [];
    const block = blocks[Number(index ?? 0) - 1];
    if (!block) return applyRules(ends, name) ?? name;
    const { path, kind } = block;
    const squeeze = squeezes.has(path) ? ['se'] : [];
    const parts =
      kind === 'inverted' ? ['conv_pw', 'conv_dw', ...squeeze, 'conv_pwl'] : ['conv_dw', ...squeeze, 'conv_pw'];
    const own = parts[Number(part)];
    if (own === undefined) return name;
    if (own === 'se') return `${path}.se.${layer === 'fc1' ? 'conv_reduce' : 'conv_expand'}.${variable}`;
    const norm = parts.filter((each) => each !== 'se').indexOf(own) + 1;
    return `${path}.${layer === '0' ? own : `bn${norm}`}.${variable}`;
  };
}

/** MNASNet: the first block's layers stand alone, the other stages follow from `layers.8.0.layers.0.weight`. */
export const TORCHVISION_MNASNET: Rules = [
  [/^layers\.0\./, 'conv_stem.'],
  [/^layers\.1\./, 'bn1.'],
  [/^layers\.3\./, 'blocks.0.0.conv_dw.'],
  [/^layers\.4\./, 'blocks.0.0.bn1.'],
  [/^layers\.6\./, 'blocks.0.0.conv_pw.'],
  [/^layers\.7\./, 'blocks.0.0.bn2.'],
  ...[1, 2, 3, 4, 5, 6].flatMap((stage) =>
    Object.entries({ 0: 'conv_pw', 1: 'bn1', 3: 'conv_dw', 4: 'bn2', 6: 'conv_pwl', 7: 'bn3' }).map(
      ([layer, own]) =>
        [new RegExp(`^layers\\.${stage + 7}\\.(\\d+)\\.layers\\.${layer}\\.`), `blocks.${stage}.$1.${own}.`] as const,
    ),
  ),
  [/^layers\.14\./, 'conv_head.'],
  [/^layers\.15\./, 'bn2.'],
  [/^classifier\.1\./, 'classifier.'],
];

/** VGG: the dense layers are convolutions over the last map in timm. */
export const TORCHVISION_VGG: Rules = [
  [/^classifier\.0\./, 'pre_logits.fc1.'],
  [/^classifier\.3\./, 'pre_logits.fc2.'],
  [/^classifier\.6\./, 'head.fc.'],
];

/** DenseNet as it was saved before PyTorch 0.4: `denselayer1.norm.1`. */
export const TORCHVISION_DENSENET: Rules = [[/^(.*denselayer\d+\.(?:norm|relu|conv))\.([12])\./, '$1$2.']];

/** RegNet: `trunk_output.block2.block2-0.f.a.0.weight`. */
export const TORCHVISION_REGNET: Rules = [
  [/^stem\.0\./, 'stem.conv.'],
  [/^stem\.1\./, 'stem.bn.'],
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((index): Rules => {
    const block = `^trunk_output\\.block(\\d)\\.block\\d-${index}\\.`;
    const own = `s$1.b${index + 1}.`;
    return [
      [new RegExp(`${block}proj\\.0\\.`), `${own}downsample.conv.`],
      [new RegExp(`${block}proj\\.1\\.`), `${own}downsample.bn.`],
      ...['a', 'b', 'c'].flatMap(
        (part, i): Rules => [
          [new RegExp(`${block}f\\.${part}\\.0\\.`), `${own}conv${i + 1}.conv.`],
          [new RegExp(`${block}f\\.${part}\\.1\\.`), `${own}conv${i + 1}.bn.`],
        ],
      ),
      [new RegExp(`${block}f\\.se\\.`), `${own}se.`],
    ];
  }),
  [/^fc\./, 'head.fc.'],
];

/** ConvNeXt: maps and downsamplings are numbered through. */
export const TORCHVISION_CONVNEXT: Rules = [
  [/^features\.0\.([01])\./, 'stem.$1.'],
  ...[0, 1, 2, 3].flatMap((stage): Rules => {
    const blocks = `^features\\.${2 * stage + 1}\\.(\\d+)\\.`;
    const own = `stages.${stage}.blocks.$1.`;
    return [
      [new RegExp(`^features\\.${2 * stage}\\.([01])\\.`), `stages.${stage}.downsample.$1.`],
      [new RegExp(`${blocks}layer_scale$`), `${own}gamma`],
      [new RegExp(`${blocks}block\\.0\\.`), `${own}conv_dw.`],
      [new RegExp(`${blocks}block\\.2\\.`), `${own}norm.`],
      [new RegExp(`${blocks}block\\.3\\.`), `${own}mlp.fc1.`],
      [new RegExp(`${blocks}block\\.5\\.`), `${own}mlp.fc2.`],
    ];
  }),
  [/^classifier\.0\./, 'head.norm.'],
  [/^classifier\.2\./, 'head.fc.'],
];
