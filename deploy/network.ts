import type * as tf from '@tensorflow/tfjs';
import { ConfigError } from '../engine/errors.js';
import type { Graph } from '../engine/graph/graph.js';
import { type TraceOptions, traceGraph } from '../engine/graph/trace.js';
import { normalizeImages } from '../engine/kernels/normalizeImages.js';
import type { Model } from '../heads/model.js';

/** Name of the input of every exported network. */
export const INPUT = 'images';

export interface TraceNetworkOptions extends Pick<TraceOptions, 'kernels'> {
  /** [height, width] that the network was built for, pixels. */
  readonly inputSize: readonly [height: number, width: number];
  /** Images of a call. Defaults to 1. */
  readonly batch?: number;
}

/**
 * A network as a graph that needs nothing of this library: pixels in, [batch, height, width, channels], normalised inside;
 * the head's answer out. An engine must be open.
 *
 * @throws ConfigError when its head cannot be exported
 */
export async function traceNetwork<Raw>(
  model: Pick<Model<Raw>, 'forward' | 'exported' | 'parameters' | 'preprocessing'>,
  { inputSize, batch = 1, kernels = 'whole' }: TraceNetworkOptions,
): Promise<Graph> {
  const { exported, parameters } = model;
  if (!exported)
    throw new ConfigError(
      'this head does not say what its answer is as tensors (`exported` of a head), so it has no export',
    );
  const names = new Map<tf.Tensor, string>([...parameters].map(([name, { variable }]) => [variable, name]));
  const shape = [batch, ...inputSize, model.preprocessing.mean.length];
  return traceGraph(
    { [INPUT]: shape },
    (inputs, { exactly }) => {
      const { mean, std, clip } = model.preprocessing;
      const images = normalizeImages(inputs[INPUT] as tf.Tensor4D, mean, std, clip);
      const raw = model.forward(images, { training: false });
      return exactly(() => exported.outputs(raw));
    },
    { names, kernels },
  );
}
