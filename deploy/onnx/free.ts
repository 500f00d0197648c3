import { ConfigError } from '../../engine/errors.js';
import type { OnnxModel, OnnxNode, OnnxPort, OnnxTensor } from './model.js';

/** What of an input a caller may choose. */
export type FreeAxis = 'batch' | 'size';

/** The same network for another batch, or another height and width. */
export interface Variant {
  readonly axis: FreeAxis;
  readonly model: OnnxModel;
}

/** How each axis is asked for and called. */
const TOLD: { readonly [Axis in FreeAxis]: { readonly option: string; readonly what: string } } = {
  batch: { option: '--batch dynamic', what: 'number of images' },
  size: { option: '--size dynamic', what: "input's height and width" },
};

/** Where a node reads a shape, and the position in it that follows from the others. */
type Following = Map<string, { readonly tensor: OnnxTensor; readonly position: number }>;

/**
 * A model whose input has axes of any length: those in which the variants differ from it. Where nothing but the shape of a Reshape
 * differs, in one position, that position is left to follow from the rest.
 *
 * @throws ConfigError naming the operator that holds numbers of one size
 */
export function freed(model: OnnxModel, variants: readonly Variant[]): OnnxModel {
  const following: Following = new Map();
  for (const { axis, model: other } of variants) compare(model, other, axis, following);
  const tensors: OnnxTensor[] = [];
  const nodes = model.nodes.map((node, index) => ({
    ...node,
    inputs: node.inputs.map((name, at) => {
      const found = following.get(`${index} ${at}`);
      if (found === undefined) return name;
      const { tensor, position } = found;
      const values = Array.from(tensor.values, (value, i) => (i === position ? -1 : value));
      tensors.push({ ...tensor, name: `${tensor.name}_of_${node.outputs[0]}`, values });
      return tensors.at(-1)?.name ?? name;
    }),
  }));
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  const kept = model.tensors.filter(({ name }) => used.has(name));
  return { ...model, nodes, tensors: [...kept, ...tensors], ...portsOf(model, variants) };
}

function compare(model: OnnxModel, other: OnnxModel, axis: FreeAxis, following: Following): void {
  const refuse = (operator: string): never => {
    const { option, what } = TOLD[axis];
    throw new ConfigError(
      `${option}: a ${operator} of the network holds numbers that change with the ${what}: leave it out, and export a file for each`,
    );
  };
  if (model.nodes.length !== other.nodes.length) refuse('list of operators');
  const [own, others] = [model, other].map(({ tensors }) => new Map(tensors.map((each) => [each.name, each])));
  const names = new Map(model.inputs.map(({ name }) => [name, name]));
  for (const [index, node] of model.nodes.entries()) {
    const twin = other.nodes[index] as OnnxNode;
    const isAlike = node.operator === twin.operator && node.inputs.length === twin.inputs.length;
    if (!isAlike || JSON.stringify(node.attributes) !== JSON.stringify(twin.attributes)) refuse(node.operator);
    for (const [at, name] of node.inputs.entries()) {
      const [mine, theirs] = [own?.get(name), others?.get(twin.inputs[at] ?? '')];
      if (mine === undefined || theirs === undefined) {
        if (name !== '' && names.get(name) !== twin.inputs[at]) refuse(node.operator);
        continue;
      }
      const differing = differences(mine, theirs);
      if (differing.length === 0) continue;
      const [position = 0] = differing;
      const key = `${index} ${at}`;
      const known = following.get(key);
      const isShape = node.operator === 'Reshape' && at === 1 && differing.length === 1;
      if (!isShape || (known !== undefined && known.position !== position)) refuse(node.operator);
      following.set(key, { tensor: mine, position });
    }
    for (const [i, name] of node.outputs.entries()) names.set(name, twin.outputs[i] ?? '');
  }
}

/** Positions in which two tensors differ; all of those of other shapes. */
function differences(one: OnnxTensor, other: OnnxTensor): number[] {
  const { length } = one.values;
  const isAlike = one.type === other.type && one.shape.join() === other.shape.join() && length === other.values.length;
  if (!isAlike) return [0, 1];
  const found: number[] = [];
  for (let i = 0; i < length && found.length < 2; i++) if (one.values[i] !== other.values[i]) found.push(i);
  return found;
}

/** Names in place of the lengths that are free. */
function portsOf(model: OnnxModel, variants: readonly Variant[]): Pick<OnnxModel, 'inputs' | 'outputs'> {
  const [, height, width] = model.inputs[0]?.shape ?? [];
  const named = (port: OnnxPort, list: 'inputs' | 'outputs', index: number): OnnxPort => ({
    ...port,
    shape:
      port.shape?.map((side, at) => {
        const axis = variants.find(({ model: other }) => other[list][index]?.shape?.[at] !== side)?.axis;
        if (axis === undefined) return side;
        if (axis === 'batch' && at === 0) return 'batch';
        if (list === 'inputs') return at === 1 ? 'height' : 'width';
        return side === height ? 'height' : side === width ? 'width' : `${port.name}_${at}`;
      }) ?? null,
  });
  return {
    inputs: model.inputs.map((port, i) => named(port, 'inputs', i)),
    outputs: model.outputs.map((port, i) => named(port, 'outputs', i)),
  };
}
