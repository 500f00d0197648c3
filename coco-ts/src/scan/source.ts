import { CocoError } from '../errors.js';
import { openFile, readInto } from '../files.js';
import { nodeModule } from '../runtime.js';
import { shown } from '../shown.js';
import { kernels } from '../wasm/kernels.js';
import { AT, WINDOW_BYTES } from '../wasm/layout.js';
import { END, INCOMPLETE, PADDING } from './number.js';

/** Bytes that can be read again later, in memory or in a file. */
export interface ByteSource {
  readonly length: number;
  /** The whole content when it is in memory. */
  readonly bytes: Uint8Array | null;
  /** Reads [position, position + target.length) as far as there is; returns the number of bytes. */
  read(target: Uint8Array, position: number): number;
}

export const memorySource = (bytes: Uint8Array): ByteSource => ({
  length: bytes.length,
  bytes,
  read(target, position) {
    const part = bytes.subarray(position, position + target.length);
    target.set(part);
    return part.length;
  },
});

/** A file that stays where it is. @throws CocoError when it has changed since, for its columns then describe another file */
export function fileSource(path: string | URL): ByteSource {
  const fs = nodeModule<typeof import('node:fs')>('fs');
  if (fs === undefined) throw new CocoError('reading a path needs Node: pass the bytes of the file');
  const first = openFile(path);
  const { size, mtimeMs } = first;
  let open: number | null = first.descriptor;
  const close = (): void => {
    if (open !== null) fs.closeSync(open);
    open = null;
  };
  // One pass reads many pieces in one turn; none stays open after it.
  const closeAfter = (): void => void setImmediate(close).unref();
  closeAfter();
  return {
    length: size,
    bytes: null,
    read(target, position) {
      if (open === null) {
        const now = openFile(path);
        open = now.descriptor;
        closeAfter();
        if (now.size !== size || now.mtimeMs !== mtimeMs)
          throw new CocoError(`${shown(path)} has changed since it was loaded: load it again`);
      }
      return readInto(fs, open, target, position);
    },
  };
}

/** The bytes of one range. */
export function readRange(source: ByteSource, begin: number, length: number): Uint8Array {
  if (source.bytes !== null) return source.bytes.subarray(begin, begin + length);
  const target = new Uint8Array(length);
  if (source.read(target, begin) !== length) throw new CocoError('the file ends before the place its columns name');
  return target;
}

/** A string can be no longer, so no value of a file. */
const LONGEST_VALUE = 2 ** 29;

/** A stretch of a source that moves forward, and grows when one value does not fit. Behind its bytes stands padding. */
export class Window {
  readonly source: ByteSource;
  bytes!: Uint8Array;
  view!: DataView;
  /** Position of bytes[0] in the source. */
  base: number;
  /** Bytes before the padding. */
  length = 0;
  /** Whether the bytes stand in the memory of the kernels. There is room for the newest window only. */
  shared = false;

  constructor(source: ByteSource, base = 0) {
    this.source = source;
    this.base = base;
    if (!this.share()) this.use(new Uint8Array(Math.min(WINDOW_BYTES, Math.max(0, source.length - base)) + PADDING));
    this.fill(0);
  }

  /** Makes `keep` the first byte and reads on behind what is there. @returns false at the end of the source */
  advance(keep: number): boolean {
    if (this.base + this.length >= this.source.length) return false;
    const { bytes } = this;
    const rest = this.length - keep;
    if (keep === 0) {
      if (this.length > LONGEST_VALUE)
        throw new CocoError(`the value at position ${this.base} is longer than ${LONGEST_VALUE} bytes`, 'ValueError');
      this.shared = false;
      this.use(new Uint8Array(Math.min(this.length * 2, this.source.length - this.base) + PADDING));
      this.bytes.set(bytes.subarray(0, this.length));
    } else if (!this.shared && rest < WINDOW_BYTES / 2 && this.share())
      this.bytes.set(bytes.subarray(keep, this.length));
    else this.bytes.copyWithin(0, keep, this.length);
    this.base += keep;
    return this.fill(rest);
  }

  /** The first byte from p on that is no white space, however much of it there is; INCOMPLETE is thrown at the end of the source. */
  skipBlank(p: number): number {
    let at = p;
    for (;;) {
      while (this.bytes[at]! <= 32) at++;
      if (at < this.length) return at;
      if (!this.advance(at)) throw INCOMPLETE;
      at = 0;
    }
  }

  private share(): boolean {
    const memory = kernels()?.memory;
    if (memory === undefined) return false;
    this.shared = true;
    this.use(memory.subarray(AT.WINDOW, AT.WINDOW + WINDOW_BYTES + PADDING));
    return true;
  }

  private use(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  private fill(have: number): boolean {
    const room = this.bytes.length - PADDING;
    const got = this.source.read(this.bytes.subarray(have, room), this.base + have);
    this.length = have + got;
    this.bytes.fill(END, this.length, this.length + PADDING);
    return got > 0;
  }
}
