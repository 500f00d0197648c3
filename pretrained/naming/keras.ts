import { applyRules, type LayerTable, type Rules, targetBlocks } from './blocks.js';
import type { Rename } from './scheme.js';

/** Keras's variables -> PyTorch's. */
const VARIABLES: Readonly<Record<string, string>> = {
  kernel: 'weight',
  depthwise_kernel: 'weight',
  pointwise_kernel: 'weight',
  bias: 'bias',
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/** Layers of the network that only prepare the image: their work is `Preprocessing`'s. */
const IMAGE_LAYERS = /^(normalization|rescaling)(_\d+)?\//;

/** `layer/variable` with both renamed; what is not known is kept. */
function byLayer(layerOf: (layer: string, variable: string) => string | null): Rename {
  return (name) => {
    if (IMAGE_LAYERS.test(name)) return null;
    const [layer = '', variable = ''] = name.split('/');
    const own = layerOf(layer, variable);
    return own === null ? name : `${own}.${VARIABLES[variable] ?? variable}`;
  };
}

const SQUEEZE = { se_reduce: 'se.conv_reduce', se_expand: 'se.conv_expand' } as const;
const EFFICIENTNET = {
  separable: { dwconv: 'conv_dw', bn: 'bn1', ...SQUEEZE, project_conv: 'conv_pw', project_bn: 'bn2' },
  inverted: {
    expand_conv: 'conv_pw',
    expand_bn: 'bn1',
    dwconv: 'conv_dw',
    dwconv2: 'conv_dw',
    bn: 'bn2',
    ...SQUEEZE,
    project_conv: 'conv_pwl',
    project_bn: 'bn3',
  },
  fused: { expand_conv: 'conv_exp', expand_bn: 'bn1', ...SQUEEZE, project_conv: 'conv_pwl', project_bn: 'bn2' },
  plain: { project_conv: 'conv', project_bn: 'bn1' },
} as const satisfies LayerTable;
const EFFICIENTNET_ENDS: Rules = [
  [/^stem_conv$/, 'conv_stem'],
  [/^stem_bn$/, 'bn1'],
  [/^top_conv$/, 'conv_head'],
  [/^top_bn$/, 'bn2'],
  [/^predictions$/, 'classifier'],
];

/** EfficientNet and EfficientNetV2: `block2a_expand_conv`, the letter counts a stage's blocks. */
export function kerasEfficientNet(target: Iterable<string>): Rename {
  const kinds = new Map(targetBlocks(target).map(({ path, kind }) => [path, kind]));
  return byLayer((layer) => {
    const [, stage, letters = '', part = ''] = /^block(\d+)([a-z]+)_(\w+)$/.exec(layer) ?? [];
    if (stage === undefined) return applyRules(EFFICIENTNET_ENDS, layer);
    const path = `blocks.${Number(stage) - 1}.${letterIndex(letters)}`;
    const kind = kinds.get(path);
    const layers: Readonly<Record<string, string>> = kind ? EFFICIENTNET[kind] : {};
    return layers[part] === undefined ? null : `${path}.${layers[part]}`;
  });
}

/** a, b, ..., z, then {, |, } as Keras goes on counting in ASCII. */
function letterIndex(letters: string): number {
  return letters.charCodeAt(0) - 'a'.charCodeAt(0);
}

const MOBILENET = {
  separable: { depthwise: 'conv_dw', depthwise_BN: 'bn1', project: 'conv_pw', project_BN: 'bn2' },
  inverted: {
    expand: 'conv_pw',
    expand_BN: 'bn1',
    depthwise: 'conv_dw',
    depthwise_BN: 'bn2',
    project: 'conv_pwl',
    project_BN: 'bn3',
  },
  fused: {},
  plain: {},
} as const satisfies LayerTable;
const MOBILENET_ENDS: Rules = [
  [/^Conv1$/, 'conv_stem'],
  [/^bn_Conv1$/, 'bn1'],
  [/^Conv_1$/, 'conv_head'],
  [/^Conv_1_bn$/, 'bn2'],
  [/^predictions$/, 'classifier'],
];

/** MobileNetV2: `block_3_expand`, numbered through behind `expanded_conv`. */
export function kerasMobileNetV2(target: Iterable<string>): Rename {
  const blocks = targetBlocks(target);
  return byLayer((layer) => {
    const [, index = '0', part = ''] = /^(?:expanded_conv|block_(\d+))_(\w+)$/.exec(layer) ?? [];
    const block = part === '' ? undefined : blocks[Number(index)];
    if (!block) return applyRules(MOBILENET_ENDS, layer);
    const layers: Readonly<Record<string, string>> = MOBILENET[block.kind];
    return layers[part] === undefined ? null : `${block.path}.${layers[part]}`;
  });
}

const MOBILENET_V3 = {
  separable: { depthwise: 'conv_dw', depthwise_bn: 'bn1', project: 'conv_pw', project_bn: 'bn2' },
  inverted: {
    expand: 'conv_pw',
    expand_bn: 'bn1',
    depthwise: 'conv_dw',
    depthwise_bn: 'bn2',
    project: 'conv_pwl',
    project_bn: 'bn3',
  },
  fused: {},
  plain: {},
} as const satisfies LayerTable;
const SQUEEZE_V3 = { squeeze_excite_conv: 'se.conv_reduce', squeeze_excite_conv_1: 'se.conv_expand' } as const;

/** MobileNetV3: `expanded_conv_3_project`, numbered through; the last convolution stands in a block of its own in timm. */
export function kerasMobileNetV3(target: Iterable<string>): Rename {
  const blocks = targetBlocks(target);
  const last = blocks.find(({ kind }) => kind === 'plain')?.path;
  const ends: Rules = [
    [/^conv$/, 'conv_stem'],
    [/^conv_bn$/, 'bn1'],
    [/^conv_1$/, `${last}.conv`],
    [/^conv_1_bn$/, `${last}.bn1`],
    [/^conv_2$/, 'conv_head'],
    [/^logits$/, 'classifier'],
  ];
  return byLayer((layer) => {
    const [, index = '0', part = ''] = /^expanded_conv(?:_(\d+))?_([a-z]\w*)$/.exec(layer) ?? [];
    const block = part === '' ? undefined : blocks[Number(index)];
    if (!block) return applyRules(ends, layer);
    const layers: Readonly<Record<string, string>> = { ...MOBILENET_V3[block.kind], ...SQUEEZE_V3 };
    return layers[part] === undefined ? null : `${block.path}.${layers[part]}`;
  });
}

/** DenseNet: `conv3_block12_1_bn`; stages are counted from the stem. */
const DENSENET: Rules = [
  [/^conv1_conv$/, 'features.conv0'],
  [/^conv1_bn$/, 'features.norm0'],
  ...[1, 2, 3, 4].flatMap((stage): Rules => {
    const block = `^conv${stage + 1}_block(\\d+)_`;
    const own = `features.denseblock${stage}.denselayer$1.`;
    return [
      [new RegExp(`${block}0_bn$`), `${own}norm1`],
      [new RegExp(`${block}1_conv$`), `${own}conv1`],
      [new RegExp(`${block}1_bn$`), `${own}norm2`],
      [new RegExp(`${block}2_conv$`), `${own}conv2`],
      [new RegExp(`^pool${stage + 1}_bn$`), `features.transition${stage}.norm`],
      [new RegExp(`^pool${stage + 1}_conv$`), `features.transition${stage}.conv`],
    ];
  }),
  [/^bn$/, 'features.norm5'],
  [/^predictions$/, 'classifier'],
];

export const kerasDenseNet = (): Rename => byLayer((layer) => applyRules(DENSENET, layer));

/** VGG: convolutions are numbered within a block here, all layers in timm; the target's own numbers are taken in order. */
export function kerasVgg(target: Iterable<string>): Rename {
  const numbers = [...target].flatMap((name) => /^features\.(\d+)\.weight$/.exec(name)?.[1] ?? []);
  const perBlock = numbers.length > 13 ? [2, 2, 4, 4, 4] : numbers.length > 10 ? [2, 2, 3, 3, 3] : [1, 1, 2, 2, 2];
  return byLayer((layer) => {
    const [, block, index] = /^block(\d)_conv(\d)$/.exec(layer) ?? [];
    if (block === undefined) return applyRules(VGG_ENDS, layer);
    const before = perBlock.slice(0, Number(block) - 1).reduce((sum, count) => sum + count, 0);
    const number = numbers[before + Number(index) - 1];
    return number === undefined ? null : `features.${number}`;
  });
}
const VGG_ENDS: Rules = [
  [/^fc1$/, 'pre_logits.fc1'],
  [/^fc2$/, 'pre_logits.fc2'],
  [/^predictions$/, 'head.fc'],
];

/** Xception: blocks of separable convolutions; the first block has none, the shortcuts are numbered by Keras itself. */
export function kerasXception(target: Iterable<string>): Rename {
  const blocks = separableBlocks(target);
  return byLayer((layer, variable) => {
    const [, block, index, norm] = /^block(\d+)_sepconv(\d)(_bn)?$/.exec(layer) ?? [];
    if (block !== undefined) {
      const part = variable.startsWith('depthwise') ? 'conv1' : 'pointwise';
      return separable(blocks, Number(block), Number(index), norm === undefined ? part : 'bn');
    }
    const [, counter] = /^(?:conv2d|batch_normalization)(?:_(\d+))?$/.exec(layer) ?? [];
    if (/^(conv2d|batch_normalization)/.test(layer)) {
      const path = blocks.filter(({ hasSkip }) => hasSkip)[Number(counter ?? 0)]?.path;
      return path === undefined ? null : `${path}.${layer.startsWith('conv') ? 'skip' : 'skipbn'}`;
    }
    return applyRules(XCEPTION_ENDS, layer);
  });
}
const XCEPTION_ENDS: Rules = [
  [/^block1_conv1$/, 'conv1'],
  [/^block1_conv1_bn$/, 'bn1'],
  [/^block1_conv2$/, 'conv2'],
  [/^block1_conv2_bn$/, 'bn2'],
  [/^predictions$/, 'fc'],
];

interface SeparableBlock {
  readonly path: string;
  /** Paths of the separable convolutions, and of the norms behind them. */
  readonly convolutions: readonly string[];
  readonly norms: readonly string[];
  readonly hasSkip: boolean;
}

function separableBlocks(target: Iterable<string>): readonly SeparableBlock[] {
  const names = [...target];
  const paths = [...new Set(names.flatMap((name) => /^(block\d+)\./.exec(name)?.[1] ?? []))];
  const of = (path: string, ending: string): readonly string[] =>
    names.flatMap((name) =>
      name.startsWith(`${path}.rep.`) && name.endsWith(ending) ? [name.slice(0, -ending.length)] : [],
    );
  return paths.map((path) => ({
    path,
    convolutions: of(path, '.conv1.weight'),
    norms: of(path, '.running_mean'),
    hasSkip: names.includes(`${path}.skip.weight`),
  }));
}

/** Keras counts the first convolutions as block 1 and the last two separable ones as block 14. */
function separable(blocks: readonly SeparableBlock[], block: number, index: number, part: string): string | null {
  if (block === blocks.length + 2) {
    const last = index + 2;
    return part === 'bn' ? `bn${last}` : `conv${last}.${part}`;
  }
  const found = blocks[block - 2];
  const path = (part === 'bn' ? found?.norms : found?.convolutions)?.[index - 1];
  if (path === undefined) return null;
  return part === 'bn' ? path : `${path}.${part}`;
}

/** ResNet: `conv3_block2_1_conv`; stages are counted from the stem, layer 0 of a block is its shortcut. */
export function kerasResNet(): Rename {
  return byLayer((layer) => {
    const [, stage, block, part, kind] = /^conv([2-5])_block(\d+)_([0-3])_(conv|bn)$/.exec(layer) ?? [];
    if (stage === undefined) return applyRules(RESNET_ENDS, layer);
    const path = `layer${Number(stage) - 1}.${Number(block) - 1}`;
    if (part === '0') return `${path}.downsample.${kind === 'conv' ? 0 : 1}`;
    return `${path}.${kind}${part}`;
  });
}
const RESNET_ENDS: Rules = [
  [/^conv1_conv$/, 'conv1'],
  [/^conv1_bn$/, 'bn1'],
  [/^predictions$/, 'fc'],
];

/** Inception-v3: convolutions and norms are numbered through, in timm's order. */
export function kerasInception(target: Iterable<string>): Rename {
  const units = [...target].flatMap((name) => /^(.+)\.conv\.weight$/.exec(name)?.[1] ?? []);
  return byLayer((layer) => {
    const [, kind, number = '0'] = /^(conv2d|batch_normalization)(?:_(\d+))?$/.exec(layer) ?? [];
    if (kind === undefined) return layer === 'predictions' ? 'fc' : null;
    const unit = units[Number(number)];
    return unit === undefined ? null : `${unit}.${kind === 'conv2d' ? 'conv' : 'bn'}`;
  });
}
