import { keysOf } from '../engine/checked.js';
import { createAdamW } from './optimizers/adamw.js';
import { createLamb } from './optimizers/lamb.js';
import { createLion } from './optimizers/lion.js';
import type { Optimizer, OptimizerSettings } from './optimizers/optimizer.js';
import { createRmsprop } from './optimizers/rmsprop.js';
import { createSgd } from './optimizers/sgd.js';
import type { ParameterMap } from './parameterGroups.js';

export { type AdamWOptions, createAdamW } from './optimizers/adamw.js';
export { createLamb, type LambOptions } from './optimizers/lamb.js';
export { createLion, type LionOptions } from './optimizers/lion.js';
export type { Optimizer, Scalars } from './optimizers/optimizer.js';
export { createRmsprop, type RmspropOptions } from './optimizers/rmsprop.js';
export { createSgd, type SgdOptions } from './optimizers/sgd.js';

type Create = (parameters: ParameterMap, settings: OptimizerSettings) => Optimizer;

/** The settings that are given; null: the optimizer's own default. */
const given = <T extends object>(settings: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
const groupOf = ({ weightDecay = 0, rateOf = () => 1 }: OptimizerSettings) => ({ weightDecay, rateOf });
const adamOf = ({ beta1, beta2, epsilon }: OptimizerSettings) => given({ beta1, beta2, epsilon });

/** Every optimizer there is, by its name in configs. */
export const OPTIMIZERS = {
  sgd: (parameters, settings) => {
    const { momentum, nesterov } = settings;
    return createSgd(parameters, { ...groupOf(settings), momentum, nesterov });
  },
  adamw: (parameters, settings) => createAdamW(parameters, { ...groupOf(settings), ...adamOf(settings) }),
  rmsprop: (parameters, settings) => {
    const { momentum, beta2: decay, epsilon } = settings;
    return createRmsprop(parameters, { ...groupOf(settings), momentum, ...given({ decay, epsilon }) });
  },
  lamb: (parameters, settings) => createLamb(parameters, { ...groupOf(settings), ...adamOf(settings) }),
  lion: (parameters, settings) => {
    const { beta1, beta2 } = settings;
    return createLion(parameters, { ...groupOf(settings), ...given({ beta1, beta2 }) });
  },
} as const satisfies { readonly [name: string]: Create };

export type OptimizerName = keyof typeof OPTIMIZERS;
export const OPTIMIZER_NAMES = keysOf(OPTIMIZERS);
