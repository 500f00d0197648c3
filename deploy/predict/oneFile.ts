/** Readers of networks in one file: a module of their own, as pages that fetch a folder do without them. */
import { WeightsError } from '../../engine/errors.js';
import { memorySource } from '../../weights/bytes/byteSource.js';
import { readZip } from '../../weights/bytes/zip.js';
import { openOnnx } from '../../weights/onnx.js';
import type { ReadFile } from './networkFiles.js';

/** The files of a bundle that is a zip archive. @throws WeightsError when it is damaged */
export function archiveReader(bytes: Uint8Array, name: string): ReadFile {
  const entries = new Map(readZip(memorySource(bytes, name)).map((entry) => [entry.name, entry]));
  return async (file) => {
    const entry = entries.get(file);
    if (!entry) throw new WeightsError(`${name} is an archive without ${file}: it is no bundle of 'espalier export'`);
    const content = entry.open();
    return content.view(0, content.size);
  };
}

/** What an ONNX file says of itself, by key. @throws WeightsError when it is none */
export const onnxMetadata = (bytes: Uint8Array, name: string): { readonly [key: string]: string } =>
  openOnnx(memorySource(bytes, name)).metadata;
