import type * as tf from '@tensorflow/tfjs';
import { ConfigError, EngineError } from '../engine/errors.js';
import type { Graph } from '../engine/graph/graph.js';
import { type TraceOptions, traceGraph } from '../engine/graph/trace.js';
import { normalizeImages } from '../engine/kernels/normalizeImages.js';
import type { Model } from '../heads/model.js';
import type { FreeAxis } from './onnx/free.js';

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

/** The same network recorded for another batch, or another height and width. */
export interface GraphVariant {
  readonly axis: FreeAxis;
  readonly graph: Graph;
}

/** Pixels that sides of a variant are longer: multiples of the coarsest stride of any network. */
const [TALLER, WIDER] = [128, 256];

/**
 * The network once more for each axis that is to be free.
 *
 * @throws ConfigError when it was built for one size
 */
export async function traceVariants<Raw>(
  model: Parameters<typeof traceNetwork<Raw>>[0],
  { inputSize: [height, width], batch = 1 }: TraceNetworkOptions,
  free: readonly FreeAxis[],
): Promise<readonly GraphVariant[]> {
  const variants: GraphVariant[] = [];
  for (const axis of free) {
    const inputSize = axis === 'size' ? ([height + TALLER, width + WIDER] as const) : ([height, width] as const);
    const traced = traceNetwork(model, { inputSize, batch: axis === 'batch' ? batch + 1 : batch });
    const graph = await traced.catch((error: unknown) => {
      if (!(error instanceof EngineError)) throw error;
      throw new ConfigError(
        `--${axis} dynamic: the network is of one ${axis} (${error.message}): leave it out, and export a file for each`,
      );
    });
    variants.push({ axis, graph });
  }
  return variants;
}
