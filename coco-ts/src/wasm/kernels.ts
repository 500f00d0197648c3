import { POWER, POWER_HIGH, POWER_LOW } from '../scan/number.js';
import { CODE } from './code.js';
import { LONG_POWERS, POWERS, POWERS_HIGH, POWERS_LOW } from './layout.js';

/** The functions of coco-ts/wasm and the memory they work on. */
export interface Kernels {
  readonly memory: Uint8Array<ArrayBuffer>;
  /** The same memory. */
  readonly floats: Float64Array<ArrayBuffer>;
  readonly integers: Uint32Array<ArrayBuffer>;
  readonly signed: Int32Array<ArrayBuffer>;
  scanRows(start: number, limit: number, keep: number, per: number): number;
  measureMasks(count: number): number;
  readList(p: number): number;
  singleList(count: number): number;
  polygonRuns(points: number, height: number, width: number): number;
  parseRuns(bytes: number, out: number): number;
  formatRuns(runs: number, count: number): number;
  mergePair(firstCount: number, secondCount: number, intersect: number): number;
  encodeBytes(bytes: number, position: number): number;
  curves(count: number): void;
  intervals(count: number, out: number): number;
  sharedPixels(first: number, firstEnd: number, second: number, secondEnd: number): number;
  matchImage(image: number, found: number, truths: number, points: number): void;
}

/** Address space in pages of 64 KiB, of which only what is used becomes memory. */
const PAGES = 2048;

let made: Kernels | null | undefined;
let wanted = true;

/** Whether WebAssembly is used where there is one (the default). Without it the same results take longer. */
export function useWebAssembly(use: boolean): void {
  wanted = use;
}

/** The module, compiled when first wanted; null where the host has no WebAssembly with SIMD, or forbids it. */
export function kernels(): Kernels | null {
  if (!wanted) return null;
  if (made === undefined) made = instantiate();
  return made;
}

function instantiate(): Kernels | null {
  try {
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
    const module = new WebAssembly.Module(Uint8Array.from(atob(CODE), (c) => c.charCodeAt(0)));
    const { exports } = new WebAssembly.Instance(module, { env: { memory, exp: Math.exp } });
    new Float64Array(memory.buffer, POWERS, POWER.length).set(POWER);
    new Float64Array(memory.buffer, POWERS_HIGH, POWER.length).set(POWER_HIGH);
    new Float64Array(memory.buffer, POWERS_LOW, POWER.length).set(POWER_LOW);
    new BigInt64Array(memory.buffer, LONG_POWERS, 19).set(Array.from({ length: 19 }, (_, i) => 10n ** BigInt(i)));
    const buffer = memory.buffer as ArrayBuffer;
    const views = {
      memory: new Uint8Array(buffer),
      floats: new Float64Array(buffer),
      integers: new Uint32Array(buffer),
      signed: new Int32Array(buffer),
    };
    return { ...(exports as unknown as Omit<Kernels, keyof typeof views>), ...views };
  } catch {
    return null;
  }
}
