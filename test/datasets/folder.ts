import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encode } from 'fast-png';

/** A new folder under the system's temporary one, with these files in it. */
export function folderWith(files: { readonly [path: string]: string | Uint8Array }): string {
  const root = mkdtempSync(join(tmpdir(), 'dataset-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

/** A grey PNG: one value everywhere, or the values given. */
export function greyPng(width: number, height: number, values: number | readonly number[] = 0): Uint8Array {
  const data = typeof values === 'number' ? new Uint8Array(width * height).fill(values) : Uint8Array.from(values);
  return encode({ data, width, height, channels: 1, depth: 8 });
}

/** A VOC annotation with these objects: name, xmin, ymin, xmax, ymax, difficult. */
export function vocXml(
  size: readonly [number, number],
  objects: readonly (readonly [string, number, number, number, number, number?])[],
): string {
  const written = objects.map(
    ([name, xmin, ymin, xmax, ymax, difficult = 0]) =>
      `<object><name>${name}</name><difficult>${difficult}</difficult><bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox><part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part></object>`,
  );
  return `<?xml version="1.0"?><annotation><filename>x</filename><size><width>${size[0]}</width><height>${size[1]}</height></size>${written.join('')}</annotation>`;
}

/** The one-line message of the EspalierError that the work must end in. */
export async function failure(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error('did not fail'),
    (thrown: unknown) => thrown as Error,
  );
  if (!('exitCode' in error) || error.message.includes('\n')) throw error;
  return error.message;
}
