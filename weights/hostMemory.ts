/** Gives a buffer of at least that many bytes. */
export type HostMemory = (bytes: number) => ArrayBuffer;

/** Every buffer is a new one. */
export const newMemory: HostMemory = (bytes) => new ArrayBuffer(bytes);

/**
 * One buffer again and again, grown to the largest wish: values read into it last until the next ones are. Walking
 * through a file so touches no new pages, which cost more time than reading does.
 */
export function reusedMemory(): HostMemory {
  let buffer = new ArrayBuffer(0);
  return (bytes) => {
    if (buffer.byteLength < bytes) buffer = new ArrayBuffer(bytes);
    return buffer;
  };
}
