import { WeightsError } from '../../engine/errors.js';
import type { ElementType } from '../elements.js';
import { isTensor, STORAGES, type StorageRef, TORCH_TYPES, tensorRef } from '../stridedTensor.js';
import { OPAQUE, type PickleGlobal, type PickleHost } from './pickle.js';

/** Values of training scripts that lie beside the weights: met, not made. */
const OPAQUE_GLOBALS = [
  'argparse Namespace',
  'numpy dtype',
  'numpy.core.multiarray scalar',
  'numpy._core.multiarray scalar',
  '_codecs encode',
  'torch device',
  'torch Size',
  'pathlib PosixPath',
] as const;

/** The allow-list of a state dict; storages met are noted in `refs`. Nothing of the file is called. */
export function stateDictHost(refs: Map<string, StorageRef>): PickleHost {
  const elements = new Map<unknown, ElementType | null>();
  const globals = new Map<string, PickleGlobal>();
  const allow = (name: string, construct?: (args: readonly unknown[]) => unknown): PickleGlobal => {
    const global = construct ? { name, construct } : { name };
    globals.set(name, global);
    return global;
  };
  allow('collections OrderedDict', (args) => {
    if (args.length > 0) throw new WeightsError('the file fills a dictionary in an unknown way: refused');
    return new Map();
  });
  allow('torch._utils _rebuild_tensor_v2', (args) => tensorRef(args));
  allow('torch._utils _rebuild_tensor_v3', (args) => tensorRef(args, elements.get(args[6]) ?? null));
  for (const name of ['_rebuild_parameter', '_rebuild_parameter_with_state']) {
    allow(`torch._utils ${name}`, ([tensor]) => {
      if (!isTensor(tensor)) throw new WeightsError('the file is damaged: a parameter without a tensor');
      return tensor;
    });
  }
  for (const name of OPAQUE_GLOBALS) allow(name, () => OPAQUE);
  for (const [storage, element] of STORAGES) elements.set(allow(`torch ${storage}`), element);
  for (const [name, element] of TORCH_TYPES) elements.set(allow(`torch ${name}`), element);
  elements.set(allow('torch.storage UntypedStorage'), null);
  return { globals, persistent: (id) => storageRef(id, elements, refs) };
}

/** ('storage', class, key, device, number of values[, view]) */
function storageRef(
  id: unknown,
  elements: ReadonlyMap<unknown, ElementType | null>,
  refs: Map<string, StorageRef>,
): StorageRef {
  const [kind, storageClass, key, , count, view] = Array.isArray(id) ? id : [];
  const element = elements.get(storageClass);
  if (
    kind !== 'storage' ||
    element === undefined ||
    typeof key !== 'string' ||
    !Number.isSafeInteger(count) ||
    count < 0
  ) {
    throw new WeightsError('the file is damaged: a storage is described wrongly');
  }
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
