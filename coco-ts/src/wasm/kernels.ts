import { nodeModule } from '../runtime.js';
import { POWER, POWER_HIGH, POWER_LOW } from '../scan/number.js';
import { CODE } from './code.js';
import { LAYOUT_BYTES, type Views, viewsOf } from './layout.js';

/** Memory of the module: all of it in several types, and its columns by name. */
interface Memory {
  readonly views: Views;
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly floats: Float64Array<ArrayBuffer>;
  readonly integers: Uint32Array<ArrayBuffer>;
  readonly signed: Int32Array<ArrayBuffer>;
}

/** Imports of wasm/overlap.ts. */
export interface MaskHost {
  loadMask(list: number, row: number): void;
  compareRuns(list: number, found: number, truth: number, crowd: number): number;
}

/** The functions of coco-ts/wasm and the memory they work on. */
export interface Kernels extends Memory {
  /** Makes the memory so many bytes long; views that were taken before are then empty. @returns false beyond the limit */
  reserve(bytes: number): boolean;
  scanRows(start: number, limit: number, keep: number, per: number): number;
  measureMasks(count: number): number;
  readList(p: number): number;
  readLists(count: number, per: number): number;
  singleList(count: number): number;
  polygonRuns(points: number, height: number, width: number): number;
  parseRuns(bytes: number, out: number): number;
  formatRuns(runs: number, count: number): number;
  mergePair(firstCount: number, secondCount: number, intersect: number): number;
  encodeBytes(bytes: number, position: number): number;
  /** What `matchImage` asks for while it compares masks. */
  masks: MaskHost;
  curves(count: number): void;
  intervals(count: number, out: number): number;
  sharedPixels(first: number, firstEnd: number, second: number, secondEnd: number): number;
  matchImage(image: number, found: number, truths: number, compared: number): void;
}

/** Pages of 64 KiB, of which only what is used becomes memory: those that the layout takes, and the most there may be. */
const PAGE_BYTES = 65536;
const FIRST_PAGES = Math.ceil(LAYOUT_BYTES / PAGE_BYTES);
const MOST_PAGES = 16384;

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

/** Bytes in base64; Node's own decoder is quicker by milliseconds. */
function decoded(text: string): Uint8Array<ArrayBuffer> {
  const buffer = nodeModule<typeof import('node:buffer')>('buffer');
  return buffer
    ? Uint8Array.from(buffer.Buffer.from(text, 'base64'))
    : Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

function instantiate(): Kernels | null {
  try {
    const memory = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: MOST_PAGES });
    const module = new WebAssembly.Module(decoded(CODE));
    // The masks of an evaluation come with it.
    const loadMask: MaskHost['loadMask'] = (list, row) => kernels.masks.loadMask(list, row);
    const compareRuns: MaskHost['compareRuns'] = (...pair) => kernels.masks.compareRuns(...pair);
    const { exports } = new WebAssembly.Instance(module, {
      env: { memory },
      oks: { exp: Math.exp },
      overlap: { loadMask, compareRuns },
    });
    const kernels: Kernels = {
      ...(exports as unknown as Omit<Kernels, keyof Memory | 'reserve' | 'masks'>),
      masks: { loadMask: () => {}, compareRuns: () => -1 },
      ...memoryOf(memory),
      reserve(bytes: number): boolean {
        if (bytes > MOST_PAGES * PAGE_BYTES) return false;
        const more = Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES);
        if (more <= 0) return true;
        memory.grow(more);
        Object.assign(kernels, memoryOf(memory));
        return true;
      },
    };
    const { POWERS, POWERS_HIGH, POWERS_LOW, LONG_POWERS } = kernels.views;
    POWERS.set(POWER);
    POWERS_HIGH.set(POWER_HIGH);
    POWERS_LOW.set(POWER_LOW);
    LONG_POWERS.set(Array.from({ length: LONG_POWERS.length }, (_, i) => 10n ** BigInt(i)));
    return kernels;
  } catch {
    return null;
  }
}

function memoryOf({ buffer }: WebAssembly.Memory): Memory {
  const bytes = buffer;
  return {
    views: viewsOf(bytes),
    memory: new Uint8Array(bytes),
    floats: new Float64Array(bytes),
    integers: new Uint32Array(bytes),
    signed: new Int32Array(bytes),
  };
}
