import { createHash } from 'node:crypto';
import { WeightsError } from '../../engine/errors.js';
import { readRegular } from '../../engine/files/read.js';
import { writeWhole } from '../../engine/files/write.js';
import { readSafetensors } from '../../weights/safetensors.js';
import {
  aroundDigest,
  blankCheckpoint,
  type Checkpoint,
  digestPosition,
  metadataSchema,
  storedDigest,
} from '../checkpoint.js';

export type { Checkpoint, CheckpointMetadata, Evaluation } from '../checkpoint.js';

/** Larger files are refused before they are read. */
const MAX_BYTES = 4 * 2 ** 30;

/**
 * Writes the file whole or not at all; the SHA-256 of everything but itself is inside.
 *
 * @throws EspalierError when the disk is full or the folder cannot be written
 */
export function writeCheckpoint(file: string, checkpoint: Checkpoint): void {
  const bytes = blankCheckpoint(checkpoint);
  const at = digestPosition(file, bytes);
  bytes.set(new TextEncoder().encode(digestOf(bytes, at)), at);
  writeWhole(file, [bytes]);
}

/** @throws WeightsError when the file is missing, damaged in any byte, or not a checkpoint */
export function readCheckpoint(file: string): Checkpoint {
  const refuse = (problem: string) => new WeightsError(`cannot read ${file}: ${problem}`);
  const bytes = readRegular(file, { maxBytes: MAX_BYTES, refuse });
  const at = digestPosition(file, bytes);
  if (storedDigest(bytes, at) !== digestOf(bytes, at)) {
    throw new WeightsError(`${file} is damaged (its SHA-256 does not match its content): use another checkpoint`);
  }
  const { tensors, metadata } = readSafetensors(bytes);
  const read = metadataSchema.safeParse(jsonIn(metadata.espalier));
  if (read.success) return { tensors, metadata: read.data };
  const [issue] = read.error.issues;
  throw new WeightsError(
    `${file} was written by another version of espalier (${issue?.path.join('.')}: ${issue?.message}): use that version`,
  );
}

/** undefined: no JSON. */
function jsonIn(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}

/** Digest of the bytes with the digest itself blank. */
function digestOf(bytes: Uint8Array, at: number): string {
  const hash = createHash('sha256');
  for (const part of aroundDigest(bytes, at)) hash.update(part);
  return hash.digest('hex');
}
