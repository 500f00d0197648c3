import { WeightsError } from '../../engine/errors.js';
import type { ElementType } from '../elements.js';
import { isTensor, STORAGES, type StorageRef, TORCH_TYPES, tensorRef } from '../stridedTensor.js';
import { foreign, isForeign, isGlobal, type PickleGlobal, type PickleHost } from './pickle.js';

/**
 * What a state dict is made of: dictionaries, tensors and storages, which are noted in `refs` when met. Every other class
 * stays foreign. Nothing of the file is called.
 */
export function stateDictHost(refs: Map<string, StorageRef>): PickleHost {
  const elements = new Map<unknown, ElementType | null>();
  const globals = new Map<string, PickleGlobal>();
  const know = (name: string, construct?: PickleGlobal['construct']): PickleGlobal => {
    const global = { kind: 'global', name, ...(construct ? { construct } : {}) } as const;
    globals.set(name, global);
    return global;
  };
  know('collections OrderedDict', ([pairs]) => dictionaryOf(pairs));
  know('collections defaultdict', () => new Map()); // what it is called with makes its defaults
  know('torch._utils _rebuild_tensor_v2', (args) => rebuilt(args));
  know('torch._utils _rebuild_tensor_v3', (args) => rebuilt(args, elements.get(args[6]) ?? null));
  know('torch._tensor _rebuild_from_type_v2', ([rebuild, , args]) => {
    const made = isGlobal(rebuild) && Array.isArray(args) ? rebuild.construct?.(args) : undefined;
    return made ?? foreign('torch._tensor _rebuild_from_type_v2');
  });
  for (const name of ['_rebuild_parameter', '_rebuild_parameter_with_state']) {
    know(`torch._utils ${name}`, ([tensor]) => {
      if (isTensor(tensor) || isForeign(tensor)) return tensor;
      throw new WeightsError('the file is damaged: a parameter without a tensor');
    });
  }
  for (const [storage, element] of STORAGES) elements.set(know(`torch ${storage}`), element);
  for (const [name, element] of TORCH_TYPES) elements.set(know(`torch ${name}`), element);
  elements.set(know('torch.storage UntypedStorage'), null);
  return { globals, persistent: (id) => storageRef(id, elements, refs) };
}

/** Empty, or of the [key, value] pairs that Python 2 calls it with. */
function dictionaryOf(pairs: unknown): ReadonlyMap<unknown, unknown> {
  if (pairs === undefined) return new Map();
  const isPair = (pair: unknown): pair is [unknown, unknown] => Array.isArray(pair) && pair.length === 2;
  if (Array.isArray(pairs) && pairs.every(isPair)) return new Map(pairs);
  throw new WeightsError('the file fills a dictionary in an unknown way: refused');
}

/** A tensor of complex or quantised numbers lies in a foreign storage, and is foreign itself. */
function rebuilt(args: readonly unknown[], type: ElementType | null = null): unknown {
  const [storage] = args;
  return isForeign(storage) ? foreign('torch Tensor') : tensorRef(args, type);
}

/** ('storage', class, key, device, number of values[, view]) */
function storageRef(
  id: unknown,
  elements: ReadonlyMap<unknown, ElementType | null>,
  refs: Map<string, StorageRef>,
): unknown {
  const [kind, storageClass, key, , count, view] = Array.isArray(id) ? id : [];
  if (kind !== 'storage' || !isGlobal(storageClass) || typeof key !== 'string' || !isSize(count))
    throw new WeightsError('the file is damaged: a storage is described wrongly');
  const element = elements.get(storageClass);
  if (element === undefined) return foreign(storageClass.name);
  if (view !== null && view !== undefined)
    throw new WeightsError(`storage ${key} is a view of another: save the file again`);
  const size = count * (element?.width ?? 1);
  const known = refs.get(key);
  if (known && (known.size !== size || known.element !== element)) {
    throw new WeightsError(`the file is damaged: storage ${key} is described in two ways`);
  }
  const ref = known ?? { kind: 'storage', key, size, element };
  refs.set(key, ref);
  return ref;
}

const isSize = (count: unknown): count is number => Number.isSafeInteger(count) && (count as number) >= 0;
