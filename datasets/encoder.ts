/** Type, and rank without the batch dimension, of each target: `{ classes: ['int32', 1], boxes: ['float32', 2] }`. */
export type TargetTypes = { readonly [name: string]: readonly [dtype: 'float32' | 'int32', rank: 0 | 1 | 2 | 3] };

/** Shape of one target of one image, without the batch dimension. */
export interface TargetSpec<Dtype extends 'float32' | 'int32' = 'float32' | 'int32'> {
  readonly shape: readonly number[];
  readonly dtype: Dtype;
}

export type TargetSpecs<Types extends TargetTypes = TargetTypes> = {
  readonly [Name in keyof Types]: TargetSpec<NonNullable<Types[Name]>[0]>;
};

/** Host values of the targets, one image or a batch of them. */
export type TargetArrays<Types extends TargetTypes = TargetTypes> = {
  readonly [Name in keyof Types]: { readonly float32: Float32Array; readonly int32: Int32Array }[NonNullable<
    Types[Name]
  >[0]];
};

/**
 * The tensor-free half of a head: truth of one (transformed) image -> targets of fixed shape. Runs in loader workers,
 * so its module imports no engine; made from plain data by the module's `createEncoder(config)`.
 */
export interface Encoder<Truth, Types extends TargetTypes = TargetTypes> {
  readonly targets: TargetSpecs<Types>;
  /** Writes every element of `into`, whose arrays have the sizes `targets` declares. */
  encode(truth: Truth, into: TargetArrays<Types>): void;
  /** What the targets of one image teach, in input pixels, for eyes; absent: they cannot be shown. */
  decode?(targets: TargetArrays<Types>): Truth;
}

/** Where a worker finds the encoder: a module that exports `createEncoder`, and the plain data to call it with. */
export interface EncoderSource {
  /** file: URL of a built module. */
  readonly module: string;
  readonly config: unknown;
}

/** Memory for the targets of `count` images, zeros. Defaults to one image. */
export function allocateTargets<Types extends TargetTypes>(specs: TargetSpecs<Types>, count = 1): TargetArrays<Types> {
  const arrays = Object.entries<TargetSpec>(specs).map(([name, { shape, dtype }]) => {
    const elements = shape.reduce((product, length) => product * length, count);
    return [name, dtype === 'int32' ? new Int32Array(elements) : new Float32Array(elements)] as const;
  });
  return Object.fromEntries(arrays) as TargetArrays<Types>;
}
