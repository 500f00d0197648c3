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
  /** Milliseconds of the last call, where another thread or program ran it; absent: as the caller sees it. */
  readonly spent?: () => number;
}
