/** Values of a tensor, and its shape. */
export interface HostValue {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}
export type HostValues = { readonly [name: string]: HostValue };

/** An exported network that something runs: float32 in, float32 out, by name. */
export interface HostNetwork {
  /** Shapes of what it takes by name, where what runs it knows them: a side that is free is no positive number. */
  readonly inputs?: ReadonlyMap<string, readonly (number | string)[]>;
  run(inputs: HostValues): Promise<HostValues>;
  dispose(): Promise<void>;
  /** Milliseconds of the last call, where another thread or program ran it; absent: as the caller sees it. */
  readonly spent?: () => number;
}
