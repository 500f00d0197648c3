import { WeightsError } from '../../engine/errors.js';
import { isTensor, type TensorRef } from '../stridedTensor.js';
import { type Foreign, isForeign } from './pickle.js';

/** Modules met while walking one model; a file whose modules share modules without end stops here. */
const MAX_MODULES = 100_000;
const MAX_DEPTH = 64;

/**
 * The tensors of a whole pickled model under the names of its state dict, from `_parameters`, `_buffers` and `_modules` of
 * PyTorch's modules, or from the attributes of a TorchScript one. The model's code is neither there nor needed.
 *
 * @throws WeightsError when its modules nest or repeat without end
 */
export function moduleTensors(model: Foreign): ReadonlyMap<string, TensorRef> {
  const tensors = new Map<string, TensorRef>();
  let met = 0;
  const walk = (module: Foreign, path: string, depth: number): void => {
    if (++met > MAX_MODULES || depth > MAX_DEPTH)
      throw new WeightsError(
        `the model has more than ${MAX_MODULES} modules or nests deeper than ${MAX_DEPTH}: refused`,
      );
    for (const [name, value] of membersOf(module)) {
      if (isTensor(value)) tensors.set(path + name, value);
      else if (isForeign(value)) walk(value, `${path}${name}.`, depth + 1);
    }
  };
  walk(model, '', 0);
  return tensors;
}

const GROUPS = ['_parameters', '_buffers', '_modules'] as const;

/** What a state dict lists of one module: its parameters and buffers, then its modules. */
function membersOf({ state }: Foreign): readonly (readonly [string, unknown])[] {
  const attributes = Array.isArray(state) ? state[0] : state; // with __slots__: (attributes, slots)
  if (!(attributes instanceof Map)) return [];
  const isModule = attributes.get('_modules') instanceof Map;
  const groups: readonly unknown[] = isModule ? GROUPS.map((group) => attributes.get(group)) : [attributes];
  const passing = attributes.get('_non_persistent_buffers_set');
  const isKept = (name: unknown): name is string =>
    typeof name === 'string' && !(isModule && Array.isArray(passing) && passing.includes(name));
  return groups.flatMap((group) =>
    group instanceof Map ? [...group].filter((entry): entry is [string, unknown] => isKept(entry[0])) : [],
  );
}
