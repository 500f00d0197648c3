import { WeightsError } from '../../engine/errors.js';
import { isTensor, type TensorRef } from '../stridedTensor.js';
import { moduleTensors } from './moduleTensors.js';
import { isForeign } from './pickle.js';

/** Set of a checkpoint with two sets of weights: those that were trained, or their exponential moving average. */
export type CheckpointPart = 'trained' | 'average';

/** Keys of training scripts, in the order they are looked for. */
const KEYS = {
  average: ['state_dict_ema', 'model_ema', 'ema_state_dict', 'ema_model', 'params_ema', 'ema'],
  trained: ['state_dict', 'model_state_dict', 'model_state', 'model', 'network', 'net', 'params', 'weights', 'module'],
} as const satisfies { readonly [P in CheckpointPart]: readonly string[] };

/** Entries of a training script that are no weights, though tensors are in them. */
const NO_WEIGHTS = /optim|sched|scaler|loop|callback|rng|ema/;
const MAX_DEPTH = 4;
/** Entries of this kind say something of the file. */
const MAX_NOTE = 200;

export interface StateDict {
  /** By name, as the file has them: what wraps a model while it is trained may stand before its own names. */
  readonly tensors: ReadonlyMap<string, TensorRef>;
  /** `part`: which set; `parts`: those there are; and the checkpoint's plain values, such as `epoch`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The tensors of an unpickled file: its own, those of a dictionary or a whole model that it keeps under a usual key, or
 * those of all its dictionaries.
 *
 * @param wanted null: the average where there is one
 * @throws WeightsError when there are none, or not the set that is wanted
 */
export function findStateDict(value: unknown, wanted: CheckpointPart | null): StateDict {
  const file = dictionaryOf(value);
  if (!file) throw new WeightsError('the file holds no dictionary of tensors: save a state_dict');
  const found = {
    average: inner(file, 'average'),
    trained: inner(file, 'trained') ?? tensorsOf(value) ?? nestedTensors(file),
  };
  const parts = (['trained', 'average'] as const).filter((part) => found[part] !== null);
  if (parts.length === 0)
    throw new WeightsError('the file holds no tensors: save a state_dict, torch.save(model.state_dict(), file)');
  const part = wanted ?? (found.average ? 'average' : 'trained');
  const tensors = found[part];
  if (!tensors)
    throw new WeightsError(`the checkpoint has no ${part} weights, only those that are ${parts.join(', ')}`);
  return { tensors, metadata: { ...notes(file), part, parts: parts.join(',') } };
}

type Tensors = ReadonlyMap<string, TensorRef>;
type Dictionary = ReadonlyMap<unknown, unknown>;

/** A dictionary, or the entries of an object whose class extends one. */
function dictionaryOf(value: unknown): Dictionary | null {
  if (isForeign(value)) return value.entries;
  return value instanceof Map ? value : null;
}

function inner(dictionary: Dictionary, part: CheckpointPart, depth = 0): Tensors | null {
  if (depth > MAX_DEPTH) return null;
  for (const key of KEYS[part]) {
    const value = dictionary.get(key);
    const entries = dictionaryOf(value);
    const tensors = entries && (inner(entries, 'trained', depth + 1) ?? tensorsOf(value));
    if (tensors) return tensors;
  }
  return null;
}

/** The tensors that a dictionary or a model holds itself. */
function tensorsOf(value: unknown): Tensors | null {
  const entries = [...(dictionaryOf(value) ?? [])].filter((entry): entry is [string, TensorRef] => {
    return typeof entry[0] === 'string' && isTensor(entry[1]);
  });
  const tensors = entries.length === 0 && isForeign(value) ? moduleTensors(value) : new Map(entries);
  return tensors.size > 0 ? tensors : null;
}

/** Tensors of a file that keeps a dictionary or a model for each part of a network, the part's key before their names. */
function nestedTensors(dictionary: Dictionary): Tensors | null {
  const found = [...dictionary].flatMap(([key, value]) => {
    if (typeof key !== 'string' || NO_WEIGHTS.test(key.toLowerCase())) return [];
    return [...(tensorsOf(value) ?? [])].map(([name, tensor]) => [`${key}.${name}`, tensor] as const);
  });
  return found.length > 0 ? new Map(found) : null;
}

function notes(dictionary: Dictionary): Record<string, string> {
  const plain = [...dictionary].filter(([key, value]) => {
    return (
      typeof key === 'string' &&
      ['string', 'number', 'boolean'].includes(typeof value) &&
      String(value).length <= MAX_NOTE
    );
  });
  return Object.fromEntries(plain.map(([key, value]) => [key, String(value)]));
}
