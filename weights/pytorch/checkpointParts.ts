import { WeightsError } from '../../engine/errors.js';
import { isTensor, type TensorRef } from '../stridedTensor.js';

/** Of a checkpoint with two sets of weights: those that were trained, or their exponential moving average. */
export type CheckpointPart = 'trained' | 'average';

/** Keys of training scripts, in the order they are looked for. */
const KEYS = {
  average: ['state_dict_ema', 'model_ema', 'ema_state_dict', 'ema_model', 'params_ema', 'ema'],
  trained: ['state_dict', 'model_state_dict', 'model_state', 'model', 'network', 'net', 'params', 'weights', 'module'],
} as const satisfies { readonly [P in CheckpointPart]: readonly string[] };

/** Put before every name by data parallel training and by compilation. */
const PREFIXES = ['module.', '_orig_mod.'] as const;
const MAX_DEPTH = 4;
/** Entries of this kind say something of the file. */
const MAX_NOTE = 200;

export interface StateDict {
  readonly tensors: ReadonlyMap<string, TensorRef>;
  /** `part`: which set; `parts`: those there are; and the checkpoint's plain values, such as `epoch`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The tensors of an unpickled file: its own, or those of a dictionary it keeps under a usual key.
 *
 * @param wanted null: the average where there is one
 * @throws WeightsError when there are none, or not the set that is wanted
 */
export function findStateDict(value: unknown, wanted: CheckpointPart | null): StateDict {
  if (!(value instanceof Map)) throw new WeightsError('the file holds no dictionary of tensors: save a state_dict');
  const found = { average: inner(value, 'average'), trained: inner(value, 'trained') ?? tensorsOf(value) };
  const parts = (['trained', 'average'] as const).filter((part) => found[part] !== null);
  if (parts.length === 0) throw new WeightsError('the file holds no tensors: save a state_dict, not a whole model');
  const part = wanted ?? (found.average ? 'average' : 'trained');
  const tensors = found[part];
  if (!tensors)
    throw new WeightsError(`the checkpoint has no ${part} weights, only those that are ${parts.join(', ')}`);
  return { tensors: withoutPrefixes(tensors), metadata: { ...notes(value), part, parts: parts.join(',') } };
}

type Tensors = ReadonlyMap<string, TensorRef>;

function inner(dictionary: ReadonlyMap<unknown, unknown>, part: CheckpointPart, depth = 0): Tensors | null {
  if (depth > MAX_DEPTH) return null;
  for (const key of KEYS[part]) {
    const value = dictionary.get(key);
    if (!(value instanceof Map)) continue;
    const tensors = inner(value, 'trained', depth + 1) ?? tensorsOf(value);
    if (tensors) return tensors;
  }
  return null;
}

function tensorsOf(dictionary: ReadonlyMap<unknown, unknown>): Tensors | null {
  const entries = [...dictionary].filter((entry): entry is [string, TensorRef] => {
    return typeof entry[0] === 'string' && isTensor(entry[1]);
  });
  return entries.length > 0 ? new Map(entries) : null;
}

/** The same tensors by their own names, where every name has what training puts before it. */
export function withoutPrefixes<T>(tensors: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  let own = tensors;
  for (let round = 0; round < MAX_DEPTH; round++) {
    const prefix = PREFIXES.find((candidate) => [...own.keys()].every((name) => name.startsWith(candidate)));
    if (!prefix) return own;
    own = new Map([...own].map(([name, tensor]) => [name.slice(prefix.length), tensor]));
  }
  return own;
}

function notes(dictionary: ReadonlyMap<unknown, unknown>): Record<string, string> {
  const plain = [...dictionary].filter(([key, value]) => {
    return (
      typeof key === 'string' &&
      ['string', 'number', 'boolean'].includes(typeof value) &&
      String(value).length <= MAX_NOTE
    );
  });
  return Object.fromEntries(plain.map(([key, value]) => [key, String(value)]));
}
