import type * as tf from '@tensorflow/tfjs';
import type { State } from '../../backbones/family.js';
import { type ArchitectureOptions, architectureOf, type BackboneArch } from '../../backbones/index.js';
import { zeros } from '../../backbones/initialisers.js';
import { createParameters, type Parameters } from '../../backbones/parameters.js';

/** Every stage and the top, so that all taps and the logits come from one run. */
export function wholeNetwork(arch: BackboneArch, options: Partial<ArchitectureOptions> = {}) {
  const { stages, top } = architectureOf(arch, options);
  const { create, ...owner } = createParameters(1);
  const empty: Parameters = { ...owner, create: (name, spec) => create(name, { ...spec, initialise: zeros }) };
  const layers = stages.map((stage) => stage.build(empty));
  const classify = top.build(empty, { classes: 1000, dropout: 0 });
  const run = (images: tf.Tensor4D) => {
    const maps = new Map<string, tf.Tensor4D>();
    let state: State = [images];
    for (const [index, layer] of layers.entries()) {
      state = layer(state, { training: false });
      maps.set(stages[index]?.tap ?? '', state[0]);
    }
    return { maps, logits: classify(state, { training: false }) };
  };
  const taps = stages.flatMap(({ tap, level }) => (level === null ? [] : [tap]));
  return { parameters: owner.parameters, dispose: owner.dispose, run, taps };
}
