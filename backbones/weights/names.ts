import { type EfficientNetArch, efficientNetPlan } from '../efficientnet/architecture.js';

/** Layers outside the blocks: other releases' names -> timm's. */
const ENDS: Readonly<Record<string, string>> = {
  _conv_stem: 'conv_stem',
  _bn0: 'bn1',
  _conv_head: 'conv_head',
  _bn1: 'bn2',
  _fc: 'classifier',
};

/** Layers of a block. Batch norms are numbered from the first that exists in timm, from the widening one in the others. */
const LAYERS = {
  separable: {
    _depthwise_conv: 'conv_dw',
    _bn1: 'bn1',
    _se_reduce: 'se.conv_reduce',
    _se_expand: 'se.conv_expand',
    _project_conv: 'conv_pw',
    _bn2: 'bn2',
  },
  inverted: {
    _expand_conv: 'conv_pw',
    _bn0: 'bn1',
    _depthwise_conv: 'conv_dw',
    _bn1: 'bn2',
    _se_reduce: 'se.conv_reduce',
    _se_expand: 'se.conv_expand',
    _project_conv: 'conv_pwl',
    _bn2: 'bn3',
  },
} as const satisfies { readonly [block: string]: Readonly<Record<string, string>> };

/**
 * Renames the state dict of the EfficientNet-PyTorch family of releases (`_blocks.4._project_conv.weight`) to timm's
 * names (`blocks.2.1.conv_pwl.weight`).
 *
 * @returns a function for `LoadOptions.rename`; a name it does not know is kept
 */
export function flatBlockNames(arch: EfficientNetArch): (name: string) => string {
  const blocks = efficientNetPlan(arch).stages.flatMap((stage) => stage.blocks);
  return (name) => {
    const inBlock = /^_blocks\.(\d+)\.(\w+)\.(.+)$/.exec(name);
    const block = blocks[Number(inBlock?.[1] ?? -1)];
    if (inBlock && block) {
      const layers: Readonly<Record<string, string>> = LAYERS[block.block];
      const layer = layers[inBlock[2] ?? ''];
      return layer === undefined ? name : `${block.path}.${layer}.${inBlock[3]}`;
    }
    const dot = name.indexOf('.');
    const end = ENDS[name.slice(0, dot)];
    return end === undefined ? name : end + name.slice(dot);
  };
}
