import type { Preprocessing } from '../backbones/backbone.js';
import type { Module } from '../backbones/module.js';
import { preprocessingOf } from '../pretrained/metadata.js';
import { loadStateDict } from '../pretrained/stateDict.js';
import type { HostTensors } from '../weights/hostTensor.js';

/** Before the names of averaged weights, and of the optimizer's state, in a checkpoint. */
export const EMA = 'ema/';
export const OPTIMIZER = 'optimizer/';

/** A run's checkpoint, which is a safetensors file. */
export interface CheckpointTensors {
  readonly tensors: HostTensors;
  /** Preprocessing of its weights, as a value or as the file's text. Defaults to the model's own. */
  readonly metadata?: { readonly preprocessing?: Preprocessing | string };
}

/**
 * Loads the averaged weights where the run kept them, else the weights themselves, and what they expect of an image; of a
 * checkpoint that Node read, or of `readSafetensors(bytes)` in a browser.
 *
 * @throws WeightsError when the checkpoint belongs to another network
 */
export function loadCheckpoint(
  model: Module & { preprocessing?: Preprocessing },
  { tensors, metadata: { preprocessing } = {} }: CheckpointTensors,
  kind: 'ema' | 'raw' = 'ema',
): void {
  const weights = new Map(weightsOf(tensors));
  if (kind === 'ema') {
    for (const [key, tensor] of tensors) if (key.startsWith(EMA)) weights.set(key.slice(EMA.length), tensor);
  }
  loadStateDict(model, weights, { partial: false });
  const expected = typeof preprocessing === 'string' ? preprocessingOf({ preprocessing }) : preprocessing;
  if (expected) model.preprocessing = expected;
}

/** The weights of a checkpoint without averages and optimizer state. */
export function weightsOf(tensors: HostTensors): HostTensors {
  return new Map([...tensors].filter(([key]) => !key.startsWith(EMA) && !key.startsWith(OPTIMIZER)));
}
