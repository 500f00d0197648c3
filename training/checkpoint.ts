import * as z from 'zod';
import { WeightsError } from '../engine/errors.js';
import { preprocessingSchema } from '../pretrained/metadata.js';
import type { HostTensors } from '../weights/hostTensor.js';
import { writeSafetensors } from '../weights/safetensors.js';

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

export const metadataSchema = z.strictObject({
  format: z.literal('espalier-checkpoint'),
  version: z.literal(1),
  /** Name of the run that wrote it, as in its log. Absent in checkpoints of before there were such names. */
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
  /** Stage of a training in several, from 0. Defaults to the first. */
  stage: z.int().min(0).optional(),
  classes: z.array(
    z.strictObject({
      id: z.int(),
      name: z.string(),
      isStuff: z.literal(true).optional(),
      overlaps: z.literal(true).optional(),
    }),
  ),
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

const DIGEST_LENGTH = 64;
const BLANK_DIGEST = '0'.repeat(DIGEST_LENGTH);
const DIGEST_KEY = '"sha256":"';

/** The bytes of a checkpoint whose digest is still blank: it is that of these bytes, and is put at `digestPosition`. */
export function blankCheckpoint({ tensors, metadata }: Checkpoint): Uint8Array {
  return writeSafetensors(tensors, {
    espalier: JSON.stringify(metadata),
    preprocessing: JSON.stringify(metadata.preprocessing), // as every file of weights has it
    sha256: BLANK_DIGEST,
  });
}

/** Where the digest stands in the header. @throws WeightsError when it is nowhere */
export function digestPosition(file: string, bytes: Uint8Array): number {
  const length = bytes.length < 8 ? 0n : new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const header = new TextDecoder('latin1').decode(bytes.subarray(0, Math.min(bytes.length, 8 + Number(length))));
  const at = header.indexOf(DIGEST_KEY);
  if (length > 0n && at >= 0 && at + DIGEST_KEY.length + DIGEST_LENGTH < header.length) return at + DIGEST_KEY.length;
  throw new WeightsError(`${file} is damaged, or no checkpoint of espalier: use a file of a run's checkpoints folder`);
}

/** The bytes around the digest, and what stands for it while it is computed. */
export const aroundDigest = (bytes: Uint8Array, at: number): readonly (Uint8Array | string)[] => [
  bytes.subarray(0, at),
  BLANK_DIGEST,
  bytes.subarray(at + DIGEST_LENGTH),
];

/** The digest as it stands in the file. */
export const storedDigest = (bytes: Uint8Array, at: number): string =>
  new TextDecoder().decode(bytes.subarray(at, at + DIGEST_LENGTH));
