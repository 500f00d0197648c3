import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Dataset, Kind } from '../annotation.js';
import { jsonChunks } from '../write.js';

/** Writes a data set piece by piece; gzipped when the name ends in .gz. */
export async function writeDataset(path: string, dataset: Dataset<Kind> | readonly unknown[]): Promise<void> {
  const source = Readable.from(jsonChunks(dataset));
  if (path.endsWith('.gz')) await pipeline(source, createGzip(), createWriteStream(path));
  else await pipeline(source, createWriteStream(path));
}
