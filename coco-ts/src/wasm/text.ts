import { nodeModule } from '../runtime.js';
import type { Kernels } from './kernels.js';
import { BITMAP_BYTES } from './layout.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Node's view of bytes, whose calls take less time than those of the web for short strings; undefined in a browser. */
const NodeBuffer = nodeModule<typeof import('node:buffer')>('buffer')?.Buffer;
let zeros: Uint8Array | null = null;
let viewed: { readonly memory: Uint8Array; readonly view: InstanceType<NonNullable<typeof NodeBuffer>> } | null = null;

function bufferOf({ memory }: Kernels) {
  if (viewed?.memory === memory) return viewed.view;
  if (NodeBuffer === undefined) return null;
  viewed = { memory, view: NodeBuffer.from(memory.buffer) };
  return viewed.view;
}

/** Writes ASCII to the module's memory. @returns false for a text with other characters, or beyond the room */
export function writeText(module: Kernels, text: string, at: number, room: number): boolean {
  const view = bufferOf(module);
  if (view !== null) return view.write(text, at, room, 'utf8') === text.length;
  const { read, written } = encoder.encodeInto(text, module.memory.subarray(at, at + room));
  return read === text.length && written === text.length;
}

/** The ASCII of the module's memory. */
export function readText(module: Kernels, begin: number, end: number): string {
  return bufferOf(module)?.toString('latin1', begin, end) ?? decoder.decode(module.memory.subarray(begin, end));
}

/** A test whether bytes [from, to) of data, at most BITMAP_BYTES, are 0, as quick as memory is; null where there is no such test. */
export function compareZeros(data: Uint8Array | Uint8ClampedArray): ((from: number, to: number) => boolean) | null {
  if (NodeBuffer === undefined) return null;
  const view = NodeBuffer.from(data.buffer, data.byteOffset, data.byteLength);
  zeros ??= new Uint8Array(BITMAP_BYTES);
  const none = zeros;
  return (from, to) => view.compare(none, 0, to - from, from, to) === 0;
}
