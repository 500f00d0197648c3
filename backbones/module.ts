import type { Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core';

/** How one call of `forward` behaves. Never defaulted: forgetting the mode is a silent bug. */
export interface Pass {
  /** True: batch norm uses (and moves) batch statistics where the module is not frozen, dropout and stochastic depth drop. */
  readonly training: boolean;
  /** While training: kept share of batch norm's moving statistics per step, instead of the layer's own. */
  readonly normMomentum?: number;
  /** While training: batch norm takes the statistics of the batches of all processes of the cluster. */
  readonly syncNorm?: boolean;
  /** While training: backbone stages keep their inputs alone, and the backward pass computes the rest again. */
  readonly recompute?: boolean;
  /** [2] int32, of this step: what dropout and stochastic depth draw from; needed while training where a rate is above 0. */
  readonly seed?: Tensor1D;
}

/**
 * How a parameter is stored in PyTorch's state dicts, and so in our files, against its layout in memory.
 * `convolution` [out, in, kh, kw] <-> [kh, kw, in, out]; `depthwise` [C, 1, kh, kw] <-> [kh, kw, C, 1];
 * `dense` [out, in] <-> [in, out]; `plain` is the same in both.
 */
export type ParameterLayout = 'convolution' | 'depthwise' | 'dense' | 'plain';

/** What a parameter is for: decay applies to weights only, statistics are never trained. */
export type ParameterRole = 'weight' | 'bias' | 'scale' | 'statistic';

export interface Parameter {
  /** `trainable` is false for statistics and for frozen parameters. */
  readonly variable: Variable;
  readonly layout: ParameterLayout;
  readonly role: ParameterRole;
  /** Epsilon that is added to a batch norm's variance. */
  readonly epsilon?: number;
}

/** Anything with parameters. The key of a parameter is its dotted state-dict path, e.g. `blocks.2.1.conv_dw.weight`. */
export interface Module {
  readonly parameters: ReadonlyMap<string, Parameter>;
  dispose(): void;
}

/** Several modules as one, each part's parameters below its name and a dot; '': named as they are. It owns the parts. */
export function joinModules(parts: { readonly [name: string]: Module }): Module {
  const named = Object.entries(parts).flatMap(([name, { parameters }]) =>
    [...parameters].map(([path, parameter]) => [name === '' ? path : `${name}.${path}`, parameter] as const),
  );
  return {
    parameters: new Map(named),
    dispose: () => {
      for (const part of Object.values(parts)) part.dispose();
    },
  };
}

/** One layer: float32 tensor in, float32 tensor out; takes part in the tape. */
export type Layer<T extends Tensor = Tensor> = (input: T, pass: Pass) => T;
