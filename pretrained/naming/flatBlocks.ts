import { applyRules, type LayerTable, type Rules, targetBlocks } from './blocks.js';
import type { Rename } from './scheme.js';

/** Layers outside the blocks. */
const ENDS: Rules = [
  [/^_conv_stem\./, 'conv_stem.'],
  [/^_bn0\./, 'bn1.'],
  [/^_conv_head\./, 'conv_head.'],
  [/^_bn1\./, 'bn2.'],
  [/^_fc\./, 'classifier.'],
];

const SQUEEZE = { _se_reduce: 'se.conv_reduce', _se_expand: 'se.conv_expand' } as const;

/** Batch norms are numbered from the widening one, also where there is none. */
const LAYERS = {
  separable: { _depthwise_conv: 'conv_dw', _bn1: 'bn1', ...SQUEEZE, _project_conv: 'conv_pw', _bn2: 'bn2' },
  inverted: {
    _expand_conv: 'conv_pw',
    _bn0: 'bn1',
    _depthwise_conv: 'conv_dw',
    _bn1: 'bn2',
    ...SQUEEZE,
    _project_conv: 'conv_pwl',
    _bn2: 'bn3',
  },
  fused: {},
  plain: {},
} as const satisfies LayerTable;

/**
 * State dicts of the EfficientNet-PyTorch family of releases (`_blocks.4._project_conv.weight`), whose blocks are
 * numbered through; a name that is not known is kept.
 *
 * @param target parameter names of the network to be filled
 */
export function flatBlockNames(target: Iterable<string>): Rename {
  const blocks = targetBlocks(target);
  return (name) => {
    const [, index, layer = '', variable] = /^_blocks\.(\d+)\.(\w+)\.(.+)$/.exec(name) ?? [];
    const block = blocks[Number(index ?? -1)];
    if (!block) return applyRules(ENDS, name) ?? name;
    const layers: Readonly<Record<string, string>> = LAYERS[block.kind];
    const own = layers[layer];
    return own === undefined ? name : `${block.path}.${own}.${variable}`;
  };
}
