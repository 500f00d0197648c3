import * as tf from '@tensorflow/tfjs';
import { registerTwin, tensorKernel } from '../kernels/kernel.js';
import { assemble, type Code, op } from './assembler.js';
import { engineMemory, writeTensor } from './heap.js';

/** target[i] = min(max(source[i], low), high), NaN where the source is; both lie on the engine's heap. */
export type Clamp = (target: Float32Array, source: Float32Array, low: number, high: number) => void;

/**
 * Registers clipping that hands NaN on and takes int32: the stock kernels turn NaN into a bound, which hides that a
 * training diverged, and read integers as floats.
 */
export function registerClamp(): void {
  registerBounds('Relu6', () => [0, 6]);
  registerBounds('ClipByValue', (attrs) => {
    const { clipValueMin, clipValueMax } = attrs as unknown as tf.ClipByValueAttrs;
    return [clipValueMin, clipValueMax];
  });
}

function registerBounds(kernelName: string, bounds: (attrs: tf.NamedAttrMap | undefined) => [number, number]): void {
  const compute = tensorKernel<{ x: tf.Tensor }, tf.NamedAttrMap>(({ x }, attrs) => {
    const [low, high] = bounds(attrs);
    if (x.dtype !== 'float32') return tf.minimum(tf.maximum(x, tf.scalar(low, x.dtype)), tf.scalar(high, x.dtype));
    return writeTensor(x.shape, [x], (target, source) => {
      clamp()(target, source as Float32Array, low, high);
    });
  });
  registerTwin(kernelName, 'wasm', compute);
}

let vectorised: { readonly memory: WebAssembly.Memory; readonly run: Clamp } | undefined;

/** The loop with SIMD instructions where they can reach the engine's memory, in JavaScript elsewhere. */
export function clamp(): Clamp {
  const memory = engineMemory();
  if (!memory) return plainClamp;
  if (vectorised?.memory !== memory) vectorised = { memory, run: vectorClamp(memory) ?? plainClamp };
  return vectorised.run;
}

export const plainClamp: Clamp = (target, source, low, high) => {
  for (let i = 0; i < target.length; i++) target[i] = Math.min(Math.max(source[i] as number, low), high);
};

/** Nothing where the platform has no SIMD. */
function vectorClamp(memory: WebAssembly.Memory): Clamp | undefined {
  const bytes = moduleBytes();
  if (!WebAssembly.validate(bytes)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const run = exports.run as (...values: number[]) => void;
  const bits = (value: number): number => new Int32Array(Float32Array.of(value).buffer)[0] as number;
  return (target, source, low, high) => {
    run(target.byteOffset, source.byteOffset, target.byteLength, bits(low), bits(high));
  };
}

// Locals of the function: parameters, then the offset, then the bounds in every lane.
const [TARGET, SOURCE, BYTES, LOW, HIGH, OFFSET, LOWS, HIGHS] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const VECTORS = 4;

/** 16 values at a time while there are that many, then 4, then one. */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  const bound = (local: number): Code => [...op.get(local), ...op.f32ReinterpretI32];
  const at = (base: number): Code => [...op.get(base), ...op.get(OFFSET), ...op.i32Add];
  const clampVector = (offset: number): Code => [
    ...at(TARGET),
    ...[...at(SOURCE), ...op.v128Load(offset)],
    ...[...op.get(LOWS), ...op.f32x4Max, ...op.get(HIGHS), ...op.f32x4Min],
    ...op.v128Store(offset),
  ];
  const clampValue: Code = [
    ...at(TARGET),
    ...[...at(SOURCE), ...op.f32Load],
    ...[...bound(LOW), ...op.f32Max, ...bound(HIGH), ...op.f32Min],
    ...op.f32Store,
  ];
  return assemble(5, { i32: 1, f32: 0, v128: 2 }, [
    [...bound(LOW), ...op.f32x4Splat, ...op.set(LOWS)],
    [...bound(HIGH), ...op.f32x4Splat, ...op.set(HIGHS)],
    whileLeft(16 * VECTORS, Array.from({ length: VECTORS }, (_, i) => clampVector(16 * i)).flat()),
    whileLeft(16, clampVector(0)),
    whileLeft(4, clampValue),
  ]);
}

/** Repeats while `size` more bytes are left. */
function whileLeft(size: number, body: Code): Code {
  const next: Code = [...op.get(OFFSET), ...op.i32Const(size), ...op.i32Add];
  return op.block(
    op.loop(
      [...next, ...op.get(BYTES), ...op.i32GreaterUnsigned],
      op.branchIf(1),
      body,
      [...next, ...op.set(OFFSET)],
      op.branch(0),
    ),
  );
}
