/** Pixels of the images that are held at once, 400 MB: where images are larger, batches are smaller. */
const BATCH_PIXELS = 2 ** 27;

/**
 * Items in their order, in batches of as many as the network takes at once and as their pixels allow; one alone may have
 * more.
 */
export async function* batchesOf<T>(
  items: Iterable<T>,
  most: number,
  pixelsOf: (item: T) => number | Promise<number>,
  mostPixels = BATCH_PIXELS,
): AsyncGenerator<readonly T[], void> {
  let batch: T[] = [];
  let pixels = 0;
  for (const item of items) {
    const more = await pixelsOf(item);
    if (batch.length === most || (batch.length > 0 && pixels + more > mostPixels)) {
      yield batch;
      batch = [];
      pixels = 0;
    }
    batch.push(item);
    pixels += more;
  }
  if (batch.length > 0) yield batch;
}
