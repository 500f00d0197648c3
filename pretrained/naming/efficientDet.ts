import { targetBlocks } from './blocks.js';
import type { Rename } from './scheme.js';

/** Norms of a head have one for each level; TensorFlow numbers them by level, from the finest that detectors use. */
const FIRST_LEVEL = 3;

/** Parts of a block in the order of the release's numbers: convolutions, norms. */
const BLOCKS = {
  separable: { depthwise: 'conv_dw', convolutions: ['conv_pw'], norms: ['bn1', 'bn2'] },
  inverted: { depthwise: 'conv_dw', convolutions: ['conv_pw', 'conv_pwl'], norms: ['bn1', 'bn2', 'bn3'] },
  fused: { depthwise: '', convolutions: ['conv_exp', 'conv_pwl'], norms: ['bn1', 'bn2'] },
  plain: { depthwise: '', convolutions: ['conv'], norms: ['bn1'] },
} as const;
const SQUEEZE = ['se.conv_reduce', 'se.conv_expand'] as const;

const numbered = (name: string, number: number): string => (number === 0 ? name : `${name}_${number}`);

/** [our path, the release's]; `$` stands for numbers. A separable convolution is one layer there and two here. */
const LAYERS: readonly (readonly [from: RegExp, to: string])[] = [
  [/^backbone\.conv_stem$/, 'stem/conv2d'],
  [/^backbone\.bn1$/, 'stem/tpu_batch_normalization'],
  [
    /^fpn\.cell\.(\d+)\.fnode\.(\d+)\.combine\.resample\.(\d+)\.conv\.conv$/,
    'fpn_cells/cell_$1/fnode$2/resample_$3/conv2d',
  ],
  [/^fpn\.cell\.(\d+)\.fnode\.(\d+)\.combine\.resample\.(\d+)\.conv\.bn$/, 'fpn_cells/cell_$1/fnode$2/resample_$3/bn'],
  [
    /^fpn\.cell\.(\d+)\.fnode\.(\d+)\.after_combine\.conv\.conv_[dp]w$/,
    'fpn_cells/cell_$1/fnode$2/op_after_combine/conv',
  ],
  [/^fpn\.cell\.(\d+)\.fnode\.(\d+)\.after_combine\.conv\.bn$/, 'fpn_cells/cell_$1/fnode$2/op_after_combine/bn'],
  [/^(class|box)_net\.conv_rep\.(\d+)\.conv_[dp]w$/, '$1_net/$1-$2'],
  [/^(class|box)_net\.predict\.conv_[dp]w$/, '$1_net/$1-predict'],
];

/** Path of a layer of ours as google/automl names it, without what only counts: `resample_0_2_6` is `resample_2`. */
function pathOf(layer: string, blocks: ReadonlyMap<string, string>): string | null {
  const inBlock = blocks.get(layer);
  if (inBlock !== undefined) return inBlock;
  const [, level, part] = /^fpn\.resample\.(\d+)\.conv\.(conv|bn)$/.exec(layer) ?? [];
  if (level !== undefined) return `resample_p${Number(level) + FIRST_LEVEL}/${part === 'conv' ? 'conv2d' : 'bn'}`;
  const [, net, index, of] = /^(class|box)_net\.bn_rep\.(\d+)\.(\d+)\.bn$/.exec(layer) ?? [];
  if (net !== undefined) return `${net}_net/${net}-${index}-bn-${Number(of) + FIRST_LEVEL}`;
  const rule = LAYERS.find(([from]) => from.test(layer));
  return rule ? layer.replace(...rule) : null;
}

/** Our layers inside the backbone's blocks -> `blocks_4/conv2d_1`. */
function blockLayers(target: readonly string[]): ReadonlyMap<string, string> {
  const own = target.flatMap((name) => (name.startsWith('backbone.') ? [name.slice('backbone.'.length)] : []));
  return new Map(
    targetBlocks(own).flatMap(({ path, kind }, index) => {
      const { depthwise, convolutions, norms } = BLOCKS[kind];
      const block = `blocks_${index}`;
      const at = (layer: string) => `backbone.${path}.${layer}`;
      return [
        [at(depthwise), `${block}/depthwise_conv2d`] as const,
        ...convolutions.map((layer, i) => [at(layer), `${block}/${numbered('conv2d', i)}`] as const),
        ...norms.map((layer, i) => [at(layer), `${block}/${numbered('tpu_batch_normalization', i)}`] as const),
        ...SQUEEZE.map((layer, i) => [at(layer), `${block}/se/${numbered('conv2d', i)}`] as const),
      ];
    }),
  );
}

/**
 * Layers of an EfficientDet by our path, as its release names them (google/automl, tf2/efficientdet_keras.py), without the
 * network's own scope and without numbers that only count.
 *
 * @param target parameter names of the detector to be filled
 */
export function efficientDetLayers(target: Iterable<string>): ReadonlyMap<string, string> {
  const names = [...target];
  const blocks = blockLayers(names);
  const layers = new Set(names.map((name) => name.slice(0, name.lastIndexOf('.'))));
  return new Map([...layers].flatMap((layer) => [[layer, pathOf(layer, blocks)] as const]).filter(isKnown));
}

const isKnown = (entry: readonly [string, string | null]): entry is readonly [string, string] => entry[1] !== null;

/**
 * The release's path in our spelling: no scope of network or optimizer, `resample_0_2_6` by the level it reads alone,
 * `op_after_combine5` without its number, the heads' layers without the number of their use.
 */
export function plainPath(path: string): string {
  return path
    .replace(/^.*?(?=(?:stem|blocks_\d+|resample_p\d|fpn_cells|(?:class|box)_net(?:_\d+)?)\/)/, '')
    .replace(/^((?:class|box)_net)(?:_\d+)?\/([^/]+?)(?:_\d+)?(?=\/|$)/, '$1/$2')
    .replace(/resample_\d+_(\d+)_\d+/, 'resample_$1')
    .replace(/op_after_combine\d+/, 'op_after_combine')
    .replace(/(:\d+|\/ExponentialMovingAverage)+$/, '');
}

const NORM = { gamma: 'weight', beta: 'bias', moving_mean: 'running_mean', moving_variance: 'running_var' } as const;

/** Variables of google/automl's EfficientDets: `class_net/class-0/pointwise_kernel`; a name that is not known is kept. */
export function automlEfficientDet(target: Iterable<string>): Rename {
  const names = new Map<string, string>();
  for (const [layer, path] of efficientDetLayers(target)) {
    const isNorm = layer.includes('bn');
    if (isNorm) for (const [theirs, own] of Object.entries(NORM)) names.set(`${path}/${theirs}`, `${layer}.${own}`);
    else if (path.endsWith('depthwise_conv2d')) names.set(`${path}/depthwise_kernel`, `${layer}.weight`);
    else if (layer.endsWith('.conv_dw')) names.set(`${path}/depthwise_kernel`, `${layer}.weight`);
    else {
      names.set(`${path}/kernel`, `${layer}.weight`);
      names.set(`${path}/pointwise_kernel`, `${layer}.weight`);
      names.set(`${path}/bias`, `${layer}.bias`);
    }
  }
  return (name) => names.get(plainPath(name)) ?? name;
}
