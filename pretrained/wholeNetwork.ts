import type { Classifier } from '../backbones/backbone.js';
import { withoutValues } from '../engine/shapes/shapes.js';
import type { Target } from './convert.js';
import type { ParameterSlot } from './slot.js';

/**
 * Names and shapes of a classifier, built without values: what a backbone is the beginning of. A naming scheme is known by
 * all of its names.
 */
export function wholeNetwork(create: () => Classifier): Target {
  return withoutValues(() => {
    const { parameters, stem, dispose } = create();
    const slots = [...parameters].map(([name, { variable, ...parameter }]): [string, ParameterSlot] => [
      name,
      { ...parameter, variable: { shape: [...variable.shape] } },
    ]);
    dispose();
    return { parameters: new Map(slots), stem };
  }).result;
}
