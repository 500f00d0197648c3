import { rmSync, statSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import { readText } from '../../engine/files/read.js';
import { sha256Of } from '../../engine/tensorflow/runtime/pip.js';

/** Record of a file whose digest was computed: as long as size and times are the same, it is the same. */
const seenSchema = z.strictObject({ bytes: z.number(), changed: z.number(), sha256: z.string() });

/**
 * Whether a file of the cache has the digest it must have, or one that starts so. The digest is computed once and kept beside the file with its
 * size and its time of change, which no program can set back.
 *
 * @returns the digest found when it is another one; null: the file is right
 */
export async function wrongDigest(file: string, sha256: string): Promise<string | null> {
  const { size: bytes, ctimeMs: changed } = statSync(file);
  const record = `${file}.seen`;
  const seen = readSeen(record);
  if (seen?.sha256.startsWith(sha256) && seen.bytes === bytes && seen.changed === changed) return null;
  const found = await sha256Of(file);
  if (!found.startsWith(sha256)) {
    rmSync(record, { force: true });
    return found;
  }
  try {
    writeFileSync(record, JSON.stringify({ bytes, changed, sha256: found }));
  } catch {
    // a cache that cannot be written is checked each time
  }
  return null;
}

function readSeen(record: string): z.infer<typeof seenSchema> | undefined {
  try {
    return seenSchema.safeParse(
      JSON.parse(readText(record, { maxBytes: 1000, refuse: (problem) => new Error(problem) })),
    ).data;
  } catch {
    return undefined;
  }
}
