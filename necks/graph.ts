import { LEVELS, type Level } from '../backbones/features.js';
import { ConfigError } from '../engine/errors.js';

/** `in`: what a cell is given; `td`: fused on the way down; `out`: what it gives. */
export type NodeName = `${Level}.${'in' | 'td' | 'out'}`;

/** One fusion: the inputs are brought to the size of `level` and added. */
export interface FusionNode {
  readonly name: NodeName;
  readonly level: Level;
  readonly inputs: readonly NodeName[];
}

/**
 * The fusions of one BiFPN cell in order of execution: down from the deepest level, then up again, where a level
 * between the ends also sees its own input.
 *
 * @param levels two or more without a gap
 * @throws ConfigError for fewer, or for a gap
 * @source Tan et al. 2020, arXiv:1911.09070, figure 2d
 */
export function bifpnGraph(levels: readonly Level[]): readonly FusionNode[] {
  const order = consecutive(levels);
  const nodes: FusionNode[] = [];
  const last = new Map<Level, NodeName>(order.map((level) => [level, `${level}.in`]));
  const fuse = (name: NodeName, level: Level, inputs: readonly NodeName[]): void => {
    nodes.push({ name, level, inputs });
    last.set(level, name);
  };
  for (let i = order.length - 2; i >= 0; i--) {
    const level = order[i]!;
    fuse(i === 0 ? `${level}.out` : `${level}.td`, level, [`${level}.in`, last.get(order[i + 1]!)!]);
  }
  for (let i = 1; i < order.length; i++) {
    const level = order[i]!;
    const own: readonly NodeName[] = i === order.length - 1 ? [`${level}.in`] : [`${level}.in`, `${level}.td`];
    fuse(`${level}.out`, level, [...own, last.get(order[i - 1]!)!]);
  }
  return nodes;
}

/** As a line of text, e.g. `P4.out <- P4.in + P4.td + P3.out`. */
export function describeNode(node: FusionNode): string {
  return `${node.name} <- ${node.inputs.join(' + ')}`;
}

/** Finest first. */
function consecutive(levels: readonly Level[]): readonly Level[] {
  const order = LEVELS.filter((level) => levels.includes(level));
  const first = LEVELS.indexOf(order[0] ?? 'P1');
  const whole = order.every((level, i) => LEVELS.indexOf(level) === first + i);
  if (order.length < 2 || order.length !== levels.length || !whole) {
    throw new ConfigError(
      `a BiFPN cannot join the levels [${levels.join(', ')}]: give it two or more without a gap, each once`,
    );
  }
  return order;
}
