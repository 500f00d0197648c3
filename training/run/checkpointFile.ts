import { createHash } from 'node:crypto';
import * as z from 'zod';
import { WeightsError } from '../../engine/errors.js';
import { readRegular } from '../../engine/files/read.js';
import { writeWhole } from '../../engine/files/write.js';
import { preprocessingSchema } from '../../pretrained/metadata.js';
import type { HostTensors } from '../../weights/hostTensor.js';
import { readSafetensors, writeSafetensors } from '../../weights/safetensors.js';

const evaluationSchema = z.strictObject({
  /** Completed steps when it was measured. */
  step: z.int().min(0),
  /** Value of the metric that chooses the best checkpoint; null when it is not a number. */
  value: z.number().nullable(),
  report: z.unknown(),
});

const patienceSchema = z.strictObject({
  sinceBest: z.int().min(0),
  borne: z.int().min(0),
  rateFactor: z.number().positive().max(1),
});

const metadataSchema = z.strictObject({
  format: z.literal('espalier-checkpoint'),
  version: z.literal(1),
  /** Of the run that wrote it, as in its log; absent in checkpoints of before there were such names. */
  run: z.string().optional(),
  /** Completed steps; the next one is step `step`, counted from 0. */
  step: z.int().min(0),
  stepsPerEpoch: z.int().min(1),
  totalSteps: z.int().min(1),
  /** Seconds of training and evaluation so far, over all sessions. */
  seconds: z.number().min(0),
  /** Address of every random stream, together with the step. */
  seed: z.int().min(0),
  optimizer: z.string(),
  /** Name of the metric that chooses the best checkpoint. */
  metric: z.string().nullable(),
  best: evaluationSchema.nullable(),
  latest: evaluationSchema.nullable(),
  /** What evaluations without a better one have come to; absent in checkpoints of before it was kept. */
  patience: patienceSchema.optional(),
  /** The step at which the backbone was unfrozen; null or absent: it was not. */
  unfrozenAt: z.int().min(0).nullable().optional(),
  classes: z.array(z.strictObject({ id: z.int(), name: z.string() })),
  preprocessing: preprocessingSchema,
  config: z.unknown(),
  versions: z.record(z.string(), z.string()),
  engine: z.string(),
});

/** Everything of a checkpoint that is not a tensor. */
export type CheckpointMetadata = z.infer<typeof metadataSchema>;
export type Evaluation = z.infer<typeof evaluationSchema>;

/**
 * A checkpoint: one safetensors file. Weights have their state-dict names and PyTorch layout, so that any reader of
 * safetensors can use them; `ema/<name>` are their averages, `optimizer/<slot>/<name>` the optimizer's state.
 */
export interface Checkpoint {
  readonly tensors: HostTensors;
  readonly metadata: CheckpointMetadata;
}

/** Larger files are refused before they are read. */
const MAX_BYTES = 4 * 2 ** 30;
const DIGEST_LENGTH = 64;
const BLANK_DIGEST = '0'.repeat(DIGEST_LENGTH);
const DIGEST_KEY = '"sha256":"';

/**
 * Writes the file whole or not at all; the SHA-256 of everything but itself is inside.
 *
 * @throws EspalierError when the disk is full or the folder cannot be written
 */
export function writeCheckpoint(file: string, { tensors, metadata }: Checkpoint): void {
  const bytes = writeSafetensors(tensors, {
    espalier: JSON.stringify(metadata),
    preprocessing: JSON.stringify(metadata.preprocessing), // as every file of weights has it
    sha256: BLANK_DIGEST,
  });
  const at = digestPosition(file, bytes);
  bytes.set(new TextEncoder().encode(digestOf(bytes, at)), at);
  writeWhole(file, [bytes]);
}

/** @throws WeightsError when the file is missing, damaged in any byte, or not a checkpoint */
export function readCheckpoint(file: string): Checkpoint {
  const refuse = (problem: string) => new WeightsError(`cannot read ${file}: ${problem}`);
  const bytes = readRegular(file, { maxBytes: MAX_BYTES, refuse });
  const at = digestPosition(file, bytes);
  const stored = new TextDecoder().decode(bytes.subarray(at, at + DIGEST_LENGTH));
  if (stored !== digestOf(bytes, at)) {
    throw new WeightsError(`${file} is damaged (its SHA-256 does not match its content): use another checkpoint`);
  }
  const { tensors, metadata } = readSafetensors(bytes);
  const parsed = metadataSchema.safeParse(JSON.parse(metadata.espalier ?? 'null'));
  if (parsed.success) return { tensors, metadata: parsed.data };
  const [issue] = parsed.error.issues;
  throw new WeightsError(
    `${file} was written by another version of espalier (${issue?.path.join('.')}: ${issue?.message}): use that version`,
  );
}

/** Where the digest stands in the header. */
function digestPosition(file: string, bytes: Uint8Array): number {
  const length = bytes.length < 8 ? 0n : new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 8 + Number(length)));
  const at = header.indexOf(DIGEST_KEY);
  if (length > 0n && at >= 0 && at + DIGEST_KEY.length + DIGEST_LENGTH < header.length) return at + DIGEST_KEY.length;
  throw new WeightsError(`${file} is damaged, or no checkpoint of espalier: use a file of a run's checkpoints folder`);
}

/** Digest of the bytes with the digest itself blank. */
function digestOf(bytes: Uint8Array, at: number): string {
  return createHash('sha256')
    .update(bytes.subarray(0, at))
    .update(BLANK_DIGEST)
    .update(bytes.subarray(at + DIGEST_LENGTH))
    .digest('hex');
}
