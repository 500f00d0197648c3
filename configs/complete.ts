import { BACKBONE_ARCHS } from '../backbones/index.js';
import {
  completeModel,
  HEAD_KINDS,
  HEAD_NAMES,
  type HeadKind,
  headOf,
  isHeadKind,
  isPresetName,
  PRESETS,
  TASK_NAMES,
  TASKS,
} from '../heads/index.js';
import { isPlain, type Plain, writtenHead } from '../heads/modelConfig.js';
import { NECK_KINDS } from '../necks/index.js';

/** Keys that are short for longer ones. */
export const SHORT_FORMS: { readonly [short: string]: readonly string[] } = {
  'model.neckChannels': ['model', 'neck', 'channels'],
  'model.neckRepeats': ['model', 'neck', 'repeats'],
  'model.headChannels': ['model', 'head', 'channels'],
  'model.anchorScale': ['model', 'head', 'anchors', 'anchorScale'],
  'model.dropPath': ['model', 'backbone', 'dropPath'],
  'evaluate.maxDetections': ['model', 'head', 'decode', 'maxDetections'],
};

/**
 * An experiment as its schema reads it: short forms written out, the network completed from its preset or from the defaults of
 * its head, the task taken from the head where it is not named. What is not right is left as it is, for the schema to refuse.
 */
export function completeExperiment(value: unknown): unknown {
  if (!isPlain(value)) return value;
  const written = writeOut(value);
  const model = isPlain(written.model) ? written.model : {};
  const task = taskOf(written.task, model);
  if (written.model != null && !isPlain(written.model)) return { ...written, task };
  const known = TASK_NAMES.find((name) => name === task) ?? 'detection';
  return { ...written, task, model: completeModel(model, TASKS[known].head as HeadKind) };
}

/** The task that is named, or that of the head, or detection. */
function taskOf(task: unknown, { head, preset }: Plain): unknown {
  if (task !== undefined) return task;
  const part = writtenHead(head ?? (isPresetName(preset) ? PRESETS[preset].head : undefined));
  if (!isPlain(part)) return 'detection';
  return isHeadKind(part.kind) || typeof part.module === 'string' ? headOf(part).task.name : 'detection';
}

/** Moves short forms to where they belong; a string that is short for a part becomes a map where keys join it. */
function writeOut(value: Plain): Plain {
  let written = value;
  for (const [short, path] of Object.entries(SHORT_FORMS)) {
    const [section, key] = short.split('.') as [string, string];
    const from = written[section];
    if (!isPlain(from) || from[key] === undefined) continue;
    const { [key]: found, ...rest } = from;
    const without = { ...written, [section]: rest };
    written = found === null ? without : put(without, path, found);
  }
  return written;
}

/** Parts that a text may stand for: the key that it is, and the names there are. */
export const STRING_FORMS: { readonly [part: string]: { readonly key: string; readonly names: readonly string[] } } = {
  backbone: { key: 'arch', names: BACKBONE_ARCHS },
  neck: { key: 'kind', names: NECK_KINDS },
  head: { key: 'kind', names: [...HEAD_KINDS, ...HEAD_NAMES, ...TASK_NAMES] },
};

function put(target: Plain, [key, ...rest]: readonly string[], value: unknown): Plain {
  if (key === undefined) return target;
  const inner = target[key];
  if (rest.length === 0) return inner === undefined ? { ...target, [key]: value } : target;
  const name = STRING_FORMS[key]?.key;
  const written = key === 'head' ? writtenHead(inner) : inner;
  const map = typeof written === 'string' && name !== undefined ? { [name]: written } : written;
  if (map !== undefined && map !== null && !isPlain(map)) return target;
  return { ...target, [key]: put(map ?? {}, rest, value) };
}
