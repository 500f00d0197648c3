import { applyRules, type Rules } from './blocks.js';
import { flatBlockNames } from './flatBlocks.js';
import type { Rename } from './scheme.js';

/** DeepLabV3's decoder was a list once. */
const LISTED: Rules = [
  [/^decoder\.0\./, 'decoder.aspp.'],
  [/^decoder\.1\./, 'decoder.conv.'],
  [/^decoder\.2\./, 'decoder.bn.'],
];
/** Renames timm's networks, whose stages it reads as a flat list. */
const FLATTENED: Rules = [[/^(stages|layers)_(\d+)/, '$1.$2']];

/**
 * State dicts of segmentation_models_pytorch: `encoder.` is `backbone.` here, in its own EfficientNets with the names of
 * EfficientNet-PyTorch, and `encoder.model.` in those of timm. What encoders hold and never run, their head convolution, is
 * left out.
 *
 * @param target parameter names of the network to be filled
 */
export function segmentationModelsNames(target: Iterable<string>): Rename {
  const names = new Set(target);
  const trunk = [...names].flatMap((name) => (name.startsWith('backbone.') ? name.slice('backbone.'.length) : []));
  const flat = flatBlockNames(trunk);
  return (name) => {
    const [, model, own] = /^encoder\.(model\.)?(.+)$/.exec(name) ?? [];
    if (own === undefined) return names.has(name) ? name : (applyRules(LISTED, name) ?? name);
    if (model) return `backbone.${applyRules(FLATTENED, own) ?? own}`;
    const found = `backbone.${flat(own) ?? own}`;
    return own.startsWith('_') && !names.has(found) ? null : found;
  };
}
