/** Shape of one target of one image, without the batch dimension. */
export interface TargetSpec {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
}

export type TargetArrays = { readonly [name: string]: Float32Array | Int32Array };

/**
 * The tensor-free half of a head: truth of one (transformed) image -> targets of fixed shape. Runs in loader workers,
 * so its module imports no engine; made from plain data by the module's `createEncoder(config)`.
 */
export interface Encoder<Truth> {
  readonly targets: { readonly [name: string]: TargetSpec };
  /** Writes every element of `into`, whose arrays have the sizes `targets` declares. */
  encode(truth: Truth, into: TargetArrays): void;
  /** What the targets of one image teach, in input pixels, for eyes; absent: they cannot be shown. */
  decode?(targets: TargetArrays): Truth;
}

/** Where a worker finds the encoder: a module that exports `createEncoder`, and the plain data to call it with. */
export interface EncoderSource {
  /** file: URL of a built module. */
  readonly module: string;
  readonly config: unknown;
}
