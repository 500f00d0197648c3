import { assemble, type Code, op } from './assembler.js';
import { engineMemory } from './heap.js';

/** Pixels of a row, each with its channels next to each other. */
export interface Row {
  readonly values: Float32Array;
  /** Index of the first pixel's first channel. */
  readonly start: number;
  /** Values from one pixel to the next. */
  readonly step: number;
}

/** sums[at + c] += sum over `pixels` of a[pixel, c] * b[pixel, c]; all three lie on the engine's heap; pixels >= 1. */
export type RowProducts = (sums: Float32Array, at: number, channels: number, pixels: number, a: Row, b: Row) => void;

let vectorised: { readonly memory: WebAssembly.Memory; readonly run: RowProducts } | undefined;

/** The loop with SIMD instructions where they can reach the engine's memory, in JavaScript elsewhere. */
export function rowProducts(): RowProducts {
  const memory = engineMemory();
  if (!memory) return plainRowProducts;
  if (vectorised?.memory !== memory) vectorised = { memory, run: vectorRowProducts(memory) ?? plainRowProducts };
  return vectorised.run;
}

export const plainRowProducts: RowProducts = (sums, at, channels, pixels, a, b) => {
  for (let pixel = 0; pixel < pixels; pixel++) {
    const [fromA, fromB] = [a.start + pixel * a.step, b.start + pixel * b.step];
    for (let c = 0; c < channels; c++) {
      sums[at + c] = (sums[at + c] as number) + (a.values[fromA + c] as number) * (b.values[fromB + c] as number);
    }
  }
};

/** Nothing where the platform has no SIMD. */
function vectorRowProducts(memory: WebAssembly.Memory): RowProducts | undefined {
  const bytes = moduleBytes();
  if (!WebAssembly.validate(bytes)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const run = exports.run as (...values: number[]) => void;
  return (sums, at, channels, pixels, a, b) => {
    const address = (values: Float32Array, index: number): number => values.byteOffset + index * 4;
    const from = [address(sums, at), address(a.values, a.start), address(b.values, b.start)] as const;
    run(...from, pixels, a.step * 4, b.step * 4, channels * 4);
  };
}

// Locals of the function: parameters, then channel offset, pointers and counter, then sums.
const [SUMS, A, B, PIXELS, STEP_A, STEP_B, BYTES, OFFSET, P, Q, LEFT, SCALAR, VECTOR] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
] as const;
const VECTORS = 4;

/** 16 channels at a time while there are that many, then 4, then one. */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  const vectors = (count: number): Code => {
    const all = (make: (i: number) => Code): Code => Array.from({ length: count }, (_, i) => make(i)).flat();
    return channelLoop(
      16 * count,
      all((i) => [...op.v128Zero, ...op.set(VECTOR + i)]),
      all((i) => [
        ...op.get(VECTOR + i),
        ...[...op.get(P), ...op.v128Load(16 * i)],
        ...[...op.get(Q), ...op.v128Load(16 * i)],
        ...[...op.f32x4Mul, ...op.f32x4Add, ...op.set(VECTOR + i)],
      ]),
      all((i) => [
        ...[...op.get(P), ...op.get(P), ...op.v128Load(16 * i)],
        ...[...op.get(VECTOR + i), ...op.f32x4Add, ...op.v128Store(16 * i)],
      ]),
    );
  };
  const single = channelLoop(
    4,
    [...op.f32Zero, ...op.set(SCALAR)],
    [
      ...op.get(SCALAR),
      ...[...op.get(P), ...op.f32Load, ...op.get(Q), ...op.f32Load],
      ...[...op.f32Mul, ...op.f32Add, ...op.set(SCALAR)],
    ],
    [...op.get(P), ...op.get(P), ...op.f32Load, ...op.get(SCALAR), ...op.f32Add, ...op.f32Store],
  );
  return assemble(7, { i32: 4, f32: 1, v128: VECTORS }, [vectors(VECTORS), vectors(1), single]);
}

/** While `size` more bytes of channels are left: clear, add the products of every pixel, store (P points at the sums). */
function channelLoop(size: number, clear: Code, addProducts: Code, store: Code): Code {
  const advance = (pointer: number, step: number): Code => [
    ...[...op.get(pointer), ...op.get(step), ...op.i32Add, ...op.set(pointer)],
  ];
  const pointAt = (pointer: number, base: number): Code => [
    ...[...op.get(base), ...op.get(OFFSET), ...op.i32Add, ...op.set(pointer)],
  ];
  return op.block(
    op.loop(
      [...op.get(OFFSET), ...op.i32Const(size), ...op.i32Add, ...op.get(BYTES), ...op.i32GreaterUnsigned],
      op.branchIf(1),
      clear,
      pointAt(P, A),
      pointAt(Q, B),
      [...op.get(PIXELS), ...op.set(LEFT)],
      op.loop(
        addProducts,
        advance(P, STEP_A),
        advance(Q, STEP_B),
        [...op.get(LEFT), ...op.i32Const(1), ...op.i32Sub, ...op.tee(LEFT)],
        op.branchIf(0),
      ),
      pointAt(P, SUMS),
      store,
      [...op.get(OFFSET), ...op.i32Const(size), ...op.i32Add, ...op.set(OFFSET)],
      op.branch(0),
    ),
  );
}
