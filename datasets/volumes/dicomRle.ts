const HEADER = 64;
const MAX_SEGMENTS = 15;
/** Bytes that two packed ones stand for, at most. */
const LONGEST = 128;

/**
 * Unpacks one frame of DICOM's run lengths: a segment of bytes for each byte of a sample, the highest first.
 *
 * @returns [pixels, samples, bytes], the highest byte first
 * @throws Error for a frame that is damaged
 * @source DICOM PS3.5 annex G
 */
export function unpackRle(packed: Uint8Array, pixels: number, samples: number, bytes: number): Uint8Array {
  if (packed.length < HEADER) throw new Error('its run lengths end inside their header');
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const segments = view.getUint32(0, true);
  if (segments > MAX_SEGMENTS || segments !== samples * bytes) {
    throw new Error(`${segments} segments of run lengths, ${samples * bytes} are expected: the file is damaged`);
  }
  if ((packed.length / 2) * LONGEST < pixels * samples * bytes)
    throw new Error(`truncated: ${packed.length} bytes of run lengths cannot be ${pixels * samples * bytes}`);
  const into = new Uint8Array(pixels * samples * bytes);
  for (let segment = 0; segment < segments; segment++) {
    const start = view.getUint32(4 + 4 * segment, true);
    const end = segment + 1 < segments ? view.getUint32(8 + 4 * segment, true) : packed.length;
    if (start < HEADER || end < start || end > packed.length)
      throw new Error('its run lengths lie outside of it: the file is damaged');
    unpackSegment(packed.subarray(start, end), pixels, into, segment, samples * bytes);
  }
  return into;
}

function unpackSegment(packed: Uint8Array, pixels: number, into: Uint8Array, first: number, step: number): void {
  let [at, to] = [0, 0];
  while (to < pixels && at < packed.length) {
    const code = packed[at++] as number;
    if (code === 128) continue;
    const isRun = code > 128;
    const count = Math.min(pixels - to, isRun ? 257 - code : code + 1);
    if (at + (isRun ? 1 : count) > packed.length) break;
    for (let i = 0; i < count; i++, to++) into[first + to * step] = packed[isRun ? at : at + i] as number;
    at += isRun ? 1 : code + 1;
  }
  if (to < pixels) throw new Error('truncated: its run lengths end before its last pixel');
}
