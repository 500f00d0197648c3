/** What a block of the EfficientNet and MobileNet families is made of; decides what its layers are called. */
export type BlockKind = 'separable' | 'inverted' | 'fused' | 'plain';

/** A block of the network that is to be filled, in timm's names. */
export interface TargetBlock {
  /** `blocks.2.1` */
  readonly path: string;
  readonly kind: BlockKind;
}

/** A release's layers of a block -> timm's. Batch norms are numbered from the first that exists in timm. */
export type LayerTable = { readonly [K in BlockKind]: Readonly<Record<string, string>> };

const BLOCK = /^(blocks\.\d+\.\d+)\.(\w+)/;

/** The blocks of a network by its parameter names, in order. */
export function targetBlocks(names: Iterable<string>): readonly TargetBlock[] {
  const layers = new Map<string, Set<string>>();
  for (const name of names) {
    const [, path, layer] = BLOCK.exec(name) ?? [];
    if (path === undefined || layer === undefined) continue;
    layers.set(path, (layers.get(path) ?? new Set()).add(layer));
  }
  return [...layers].map(([path, own]) => ({ path, kind: kindOf(own) }));
}

function kindOf(layers: ReadonlySet<string>): BlockKind {
  if (layers.has('conv_exp')) return 'fused';
  if (!layers.has('conv_dw')) return 'plain';
  return layers.has('conv_pwl') ? 'inverted' : 'separable';
}

/** [pattern at the start of a name, replacement]; the first that matches is used. */
export type Rules = readonly (readonly [from: RegExp, to: string])[];

/** @returns null when no rule knows the name */
export function applyRules(rules: Rules, name: string): string | null {
  for (const [from, to] of rules) {
    if (from.test(name)) return name.replace(from, to);
  }
  return null;
}
