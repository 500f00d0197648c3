import * as z from 'zod/mini';
import { PER_IMAGE } from '../datasets/intensity.js';
import { WeightsError } from '../engine/errors.js';
import { readingSchema } from '../heads/answers/answers.js';
import { TASK_NAMES } from '../heads/tasks/names.js';
import { PRECISIONS } from './formatNames.js';

const whole = (least: number, most: number) => z.int().check(z.minimum(least), z.maximum(most));
const size = whole(1, 65_536);
const perChannel = z.readonly(z.array(z.number()).check(z.minLength(1), z.maxLength(64)));
const millimetres = z.number().check(z.minimum(0.001), z.maximum(1000));
const text = z.string().check(z.maxLength(10_000));

/**
 * What an exported network is, as plain data that travels in its file: what it takes, what its outputs mean, whose weights it
 * holds.
 */
const descriptionSchema = z.strictObject({
  format: z.literal('espalier-network'),
  version: z.literal(1),
  task: z.enum(TASK_NAMES),
  /** By index. */
  classes: z.readonly(
    z
      .array(z.strictObject({ id: z.int(), name: text, overlaps: z.optional(z.literal(true)) }))
      .check(z.minLength(1), z.maxLength(100_000)),
  ),
  input: z.strictObject({
    name: text,
    /** Images of a call. */
    batch: whole(1, 1024),
    /** [height, width], pixels. */
    size: z.readonly(z.tuple([size, size])),
    /** Present: a caller may choose other lengths; sides are multiples of the network's coarsest stride. */
    free: z.optional(z.readonly(z.array(z.enum(['batch', 'size'])))),
    /** [batch, height, width, channels] float32; 0..255 of RGB. */
    layout: z.literal('NHWC'),
    /** A number: those of the image's file as they are. */
    channels: z.union([z.literal('RGB'), whole(1, 64)]),
    /** Present: images are taken at their own depth, and prepared by their own values where `perImage` says so. */
    depth: z.optional(z.strictObject({ perImage: z.nullable(z.enum(PER_IMAGE)) })),
    /** `letterbox`: resized with its aspect kept, at the top left; `native`: at its own scale where it fits. */
    fit: z.enum(['letterbox', 'native']),
    /** Present, with `native`: images that say how far apart their pixels are, are resampled to [rows, columns], millimetres. */
    spacing: z.optional(z.readonly(z.tuple([millimetres, millimetres]))),
    /** Values of padding pixels: those that the pixel type holds nearest to the fill colour. */
    fill: perChannel,
  }),
  /** Done by the network itself: (pixel - mean) / std, of pixels between the limits where there are some. */
  normalization: z.strictObject({
    mean: perChannel,
    std: perChannel,
    clip: z.optional(
      z.readonly(z.array(z.readonly(z.tuple([z.number(), z.number()]))).check(z.minLength(1), z.maxLength(64))),
    ),
  }),
  answer: readingSchema,
  /** Lowest score that is reported unless another is asked for. */
  threshold: z.number().check(z.minimum(0), z.maximum(1)),
  precision: z.enum(PRECISIONS),
  provenance: z.strictObject({
    /** Who wrote the file. */
    producer: text,
    backbone: text,
    neck: text,
    head: text,
    /** Step of the training. */
    step: z.nullable(z.int().check(z.minimum(0))),
    /** What it started from; null: random weights. */
    weights: z.nullable(text),
    /** Licence of `weights`; null: not known. */
    weightsLicence: z.nullable(text),
    /** That the person who exports it states; null: none was stated. */
    licence: z.nullable(text),
  }),
});
export type Description = z.output<typeof descriptionSchema>;

/** Key of the description in the metadata of a file. */
export const DESCRIPTION_KEY = 'espalier';
/** Longest description that is read, characters. */
const MAX_LENGTH = 2 ** 22;
/** The most values of an input that memory is taken for: 2 GiB. */
const MAX_VALUES = 2 ** 29;
/** Answers that a task is told in. */
const ANSWERS: { readonly [T in Description['task']]: readonly Description['answer']['kind'][] } = {
  detection: ['boxes', 'detections'],
  instances: ['instances'],
  panoptic: ['panoptic'],
  segmentation: ['classMap'],
  classification: ['classScores'],
};

/** What in a description contradicts itself; null: nothing. */
function contradiction({ task, answer, input }: Description): string | null {
  const { batch, size, fill } = input;
  const channels = channelCount(input);
  const values = batch * size[0] * size[1] * channels;
  if (!ANSWERS[task].includes(answer.kind)) return `an answer of ${answer.kind} for the task ${task}`;
  if (fill.length !== channels) return `${fill.length} values to fill ${channels} channels with`;
  if (values > MAX_VALUES) return `an input of ${values} values, more than the ${MAX_VALUES} that are taken memory for`;
  return null;
}

/**
 * The description in a file.
 *
 * @param text JSON; absent: the file has none
 * @throws WeightsError when it is none
 */
export function readDescription(text: string | undefined, name: string): Description {
  if (text === undefined || text.length > MAX_LENGTH) {
    throw new WeightsError(`${name} has no description of this library: give a file that 'espalier export' wrote`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new WeightsError(`${name}: its description is not JSON`);
  }
  const result = descriptionSchema.safeParse(value);
  if (result.success) {
    const problem = contradiction(result.data);
    if (problem === null) return result.data;
    throw new WeightsError(`${name}: its description has ${problem}: refused`);
  }
  const [issue] = result.error.issues;
  throw new WeightsError(`${name}: its description has ${issue?.path.join('.')}: ${issue?.message}`);
}

/** Text by key for files that hold nothing else: the description, and what other programs look for. */
export function metadataOf(description: Description): { readonly [key: string]: string } {
  const { classes, provenance, task } = description;
  return {
    [DESCRIPTION_KEY]: JSON.stringify(description),
    names: JSON.stringify(classes.map(({ name }) => name)),
    task,
    ...(provenance.licence === null ? {} : { license: provenance.licence }),
  };
}

/** Channels of an input. */
export const channelCount = ({ channels }: Pick<Description['input'], 'channels'>): number =>
  channels === 'RGB' ? 3 : channels;
