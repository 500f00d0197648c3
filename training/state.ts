import * as tf from '@tensorflow/tfjs';
import type { Module, Parameter } from '../backbones/module.js';
import { WeightsError } from '../engine/errors.js';
import { fileShape, toFile, toMemory } from '../pretrained/layout.js';
import { exportStateDict, loadStateDict } from '../pretrained/stateDict.js';
import type { HostTensor, HostTensors } from '../weights/hostTensor.js';
import { EMA, OPTIMIZER, weightsOf } from './checkpointWeights.js';
import type { Ema } from './ema.js';
import type { Optimizer } from './optimizers.js';
import type { ParameterMap } from './parameterGroups.js';
import type { RestoreReport, Stateful } from './slots.js';

/** What a training changes: its tensors are what a checkpoint holds. */
export interface TrainingState {
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly ema?: Ema | undefined;
}

/**
 * Host copies of everything that resuming needs, in full float32; `writeSafetensors` makes a file of them, and `restoreState` puts
 * them back.
 */
export async function captureState({ model, optimizer, ema }: TrainingState): Promise<HostTensors> {
  return new Map([
    ...(await captureWeights(model, ema)),
    ...(await captureSlots(optimizer, OPTIMIZER, model.parameters)),
  ]);
}

/** Host copies of what evaluation and prediction need: weights and their averages. */
export async function captureWeights(model: Module, ema: Ema | undefined): Promise<HostTensors> {
  const averages = ema ? await captureSlots(ema, '', model.parameters) : [];
  return new Map([...(await exportStateDict(model)), ...averages]);
}

/**
 * Puts a checkpoint's weights, averages and optimizer state in place, bit for bit.
 *
 * @returns state that a parameter starts without (it was frozen before), and state that nothing uses any more
 * @throws WeightsError when the checkpoint belongs to another network
 */
export function restoreState(
  { model, optimizer, ema }: TrainingState,
  { tensors }: { readonly tensors: HostTensors },
): RestoreReport {
  loadStateDict(model, weightsOf(tensors), { partial: false });
  const slots = restoreSlots(optimizer, OPTIMIZER, tensors, model.parameters);
  if (!ema) return slots;
  const averages = restoreSlots(ema, '', tensors, model.parameters, EMA);
  startAverages(ema, averages.missing, model.parameters);
  return { missing: [...slots.missing, ...averages.missing], unused: [...slots.unused, ...averages.unused] };
}

/** Averages that a checkpoint lacks start from its weights: those of now, not those that the network was built with. */
function startAverages(ema: Ema, keys: readonly string[], parameters: ParameterMap): void {
  ema.restore(new Map(keys.map((key) => [key, (parameterOf(key, parameters) as Parameter).variable])));
}

/** Slot keys are `<slot>/<parameter name>`. */
function parameterOf(key: string, parameters: ParameterMap): Parameter | undefined {
  return parameters.get(key.slice(key.indexOf('/') + 1));
}

async function captureSlots(
  stateful: Stateful,
  prefix: string,
  parameters: ParameterMap,
): Promise<[string, HostTensor][]> {
  const state = stateful.state();
  const captured: [string, HostTensor][] = [];
  for (const [key, tensor] of state) {
    const { layout } = parameterOf(key, parameters) as Parameter;
    const values = await tensor.data<'float32'>();
    const data = toFile(values, tensor.shape, layout).slice();
    captured.push([prefix + key, { dtype: 'F32', shape: fileShape(tensor.shape, layout), data }]);
    tensor.dispose();
  }
  return captured;
}

function restoreSlots(
  stateful: Stateful,
  prefix: string,
  tensors: HostTensors,
  parameters: ParameterMap,
  only = prefix,
): RestoreReport {
  const state = new Map<string, tf.Tensor>();
  const orphans: string[] = [];
  try {
    for (const [fileKey, stored] of tensors) {
      if (!fileKey.startsWith(only)) continue;
      const key = fileKey.slice(prefix.length);
      const parameter = parameterOf(key, parameters);
      if (parameter) state.set(key, memoryTensor(fileKey, stored, parameter));
      else orphans.push(key);
    }
    const { missing, unused } = stateful.restore(state);
    return { missing, unused: [...unused, ...orphans] };
  } finally {
    tf.dispose([...state.values()]);
  }
}

function memoryTensor(key: string, { data, shape }: HostTensor, { variable, layout }: Parameter): tf.Tensor {
  const expected = fileShape(variable.shape, layout);
  if (shape.join() !== expected.join() || !(data instanceof Float32Array)) {
    throw new WeightsError(
      `'${key}' is [${shape}] in the checkpoint and [${expected}] in the network: it belongs to another one`,
    );
  }
  return tf.tensor(toMemory(data, shape, layout), variable.shape, 'float32');
}
