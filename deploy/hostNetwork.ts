/** Values of a tensor, and its shape. */
export interface HostValue {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}
export type HostValues = { readonly [name: string]: HostValue };

/** An exported network that something runs: float32 in, float32 out, by name. */
export interface HostNetwork {
  run(inputs: HostValues): Promise<HostValues>;
  dispose(): Promise<void>;
}
