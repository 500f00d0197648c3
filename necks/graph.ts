import { LEVELS, type Level } from '../backbones/features.js';
import { ConfigError } from '../engine/errors.js';

/**
 * `in`: what the backbone, or the cell before, gives; `td`: fused on the way down; `mid`: a `td` smoothed before the way
 * up; `bu`: fused on the way up; `out`: what is given.
 */
export type NodeName = `${Level}.${'in' | 'td' | 'mid' | 'bu' | 'out'}`;

/** One fusion: the inputs are brought to the grid of `level` and added. */
export interface FusionNode {
  readonly name: NodeName;
  readonly level: Level;
  readonly inputs: readonly NodeName[];
  /** The second input counts as much as the largest values of the first say, see `globalAttention`. Absent: as it is. */
  readonly attends?: true;
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
  const order = consecutive('a BiFPN', levels, 2);
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

/**
 * The fusions of a feature pyramid network: down from the deepest given level, each then smoothed; deeper levels follow
 * from the deepest output.
 *
 * @param levels one or more without a gap
 * @param given  the finest of them, which the backbone gives
 * @throws ConfigError for a gap
 * @source Lin et al. 2017, arXiv:1612.03144, figure 3; deeper levels: Lin et al. 2017, arXiv:1708.02002, section 4
 */
export function fpnGraph(levels: readonly Level[], given: readonly Level[]): readonly FusionNode[] {
  const order = consecutive('an FPN', levels, 1);
  const read = order.filter((level) => given.includes(level));
  return [...topDown(read), ...read.map((level) => node(`${level}.out`, `${level}.td`)), ...deeper(order, read)];
}

/**
 * The fusions of a path aggregation network: those of a feature pyramid network, then up again from the finest level.
 *
 * @param levels one or more without a gap
 * @param given  the finest of them, which the backbone gives
 * @throws ConfigError for a gap
 * @source Liu et al. 2018, arXiv:1803.01534, section 3.1
 */
export function panGraph(levels: readonly Level[], given: readonly Level[]): readonly FusionNode[] {
  const order = consecutive('a PAN', levels, 1);
  const read = order.filter((level) => given.includes(level));
  const middle = (i: number): NodeName => (i === 0 ? `${read[0]!}.out` : `${read[i]!}.mid`);
  return [
    ...topDown(read),
    ...read.map((level, i) => node(middle(i), `${level}.td`)),
    ...read
      .slice(1)
      .flatMap((level, i) => [
        node(`${level}.bu`, middle(i + 1), i === 0 ? middle(0) : `${read[i]!}.bu`),
        node(`${level}.out`, `${level}.bu`),
      ]),
    ...deeper(order, read),
  ];
}

/**
 * The maps as they are, each brought to its width.
 *
 * @param levels one or more without a gap
 * @param given  the finest of them, which the backbone gives
 * @throws ConfigError for a gap
 */
export function channelMapperGraph(levels: readonly Level[], given: readonly Level[]): readonly FusionNode[] {
  const order = consecutive('a channel mapper', levels, 1);
  const read = order.filter((level) => given.includes(level));
  const made = order.slice(read.length);
  return [
    ...read.map((level) => node(`${level}.out`, `${level}.in`)),
    ...made.map((level, i) => node(`${level}.out`, i === 0 ? `${read.at(-1)!}.in` : `${made[i - 1]!}.out`)),
  ];
}

/** Levels that the cell of NAS-FPN was found for. */
const NAS_FPN_LEVELS = 5;

/**
 * The fusions of one cell of NAS-FPN in order of execution. Its own search was on P3 to P7; other five levels have the same cell.
 *
 * @param levels five without a gap
 * @throws ConfigError for another number, or for a gap
 * @source Ghiasi et al. 2019, arXiv:1904.07392, figure 7f, and the block table of the TensorFlow Model Garden (Apache-2.0), in
 * which a level's own input is added where nothing else has read it
 */
export function nasFpnGraph(levels: readonly Level[]): readonly FusionNode[] {
  const order = consecutive('a NAS-FPN', levels, NAS_FPN_LEVELS, NAS_FPN_LEVELS);
  const [a, b, c, d, e] = order as readonly [Level, Level, Level, Level, Level];
  const attending = (name: NodeName, ...inputs: readonly NodeName[]): FusionNode => {
    return { ...node(name, ...inputs), attends: true };
  };
  return [
    attending(`${b}.td`, `${d}.in`, `${b}.in`),
    node(`${b}.mid`, `${b}.in`, `${b}.td`),
    node(`${a}.out`, `${a}.in`, `${b}.mid`),
    node(`${b}.out`, `${b}.mid`, `${a}.out`),
    attending(`${c}.out`, `${b}.out`, `${a}.out`, `${c}.in`),
    attending(`${e}.out`, `${c}.out`, `${b}.mid`, `${e}.in`),
    attending(`${d}.out`, `${e}.out`, `${c}.out`),
  ];
}

/** As a line of text, e.g. `P4.out <- P4.in + P4.td + P3.out`, or `P6.out <- P7.out attends to P5.out`. */
export function describeNode({ name, inputs, attends }: FusionNode): string {
  const [first, second, ...others] = inputs;
  const terms = attends ? [`${first} attends to ${second}`, ...others] : inputs;
  return `${name} <- ${terms.join(' + ')}`;
}

/** From the deepest level to the finest. */
function topDown(levels: readonly Level[]): readonly FusionNode[] {
  const deepestFirst = [...levels].reverse();
  return deepestFirst.map((level, i) =>
    i === 0 ? node(`${level}.td`, `${level}.in`) : node(`${level}.td`, `${level}.in`, `${deepestFirst[i - 1]!}.td`),
  );
}

/** The levels after the given ones, each from the one before. */
function deeper(order: readonly Level[], given: readonly Level[]): readonly FusionNode[] {
  return order.slice(given.length).map((level, i) => node(`${level}.out`, `${order[given.length + i - 1]!}.out`));
}

function node(name: NodeName, ...inputs: readonly NodeName[]): FusionNode {
  return { name, level: levelOf(name), inputs };
}

/** The level of a node. */
export function levelOf(name: NodeName): Level {
  return name.slice(0, name.indexOf('.')) as Level;
}

/** Finest first. */
function consecutive(
  name: string,
  levels: readonly Level[],
  least: number,
  most: number = LEVELS.length,
): readonly Level[] {
  const order = LEVELS.filter((level) => levels.includes(level));
  const first = LEVELS.indexOf(order[0] ?? 'P1');
  const whole = order.every((level, i) => LEVELS.indexOf(level) === first + i);
  if (order.length < least || order.length > most || order.length !== levels.length || !whole) {
    const some = most === least ? 'five' : least === 1 ? 'one or more' : 'two or more';
    throw new ConfigError(
      `${name} cannot join the levels [${levels.join(', ')}]: give it ${some} without a gap, each once`,
    );
  }
  return order;
}
