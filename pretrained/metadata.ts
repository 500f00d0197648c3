import * as z from 'zod';
import type { Preprocessing } from '../backbones/backbone.js';
import { PER_IMAGE } from '../datasets/intensity.js';
import { WeightsError } from '../engine/errors.js';

/** Text that travels in a file of weights. */
type Metadata = Readonly<Record<string, string>>;

const MAX_CHANNELS = 64;
/** What weights expect of an image, as files hold it. */
export const preprocessingSchema = z.strictObject({
  channels: z.literal('RGB'),
  mean: z.array(z.number()).min(1).max(MAX_CHANNELS),
  std: z.array(z.number().positive()).min(1).max(MAX_CHANNELS),
  clip: z
    .array(z.tuple([z.number(), z.number()]))
    .min(1)
    .max(MAX_CHANNELS)
    .exactOptional(),
  perImage: z.enum(PER_IMAGE).exactOptional(),
  spacing: z.tuple([z.number().positive(), z.number().positive()]).exactOptional(),
  depth: z.literal('own').exactOptional(),
});
const classesSchema = z.array(z.string()).min(1);
const pixelsSchema = z.int().min(1).max(4096);

/** What an entry holds as JSON; undefined when there is no such entry. @throws WeightsError when it is something else */
export function entryOf<S extends z.ZodType>(metadata: Metadata, key: string, schema: S): z.output<S> | undefined {
  const text = metadata[key];
  if (text === undefined) return undefined;
  const read = schema.safeParse(parse(text));
  if (read.success) return read.data;
  throw new WeightsError(
    `the entry '${key}' of the file is damaged: '${text.slice(0, 80)}'; convert the weights again`,
  );
}

/** What the weights expect of an image; null when the file does not say. @throws WeightsError when it is damaged */
export function preprocessingOf(metadata: Metadata): Preprocessing | null {
  const found = entryOf(metadata, 'preprocessing', preprocessingSchema);
  if (found && found.mean.length !== found.std.length)
    throw new WeightsError(
      `the file has ${found.mean.length} means and ${found.std.length} spreads of channels: damaged`,
    );
  return found ?? null;
}

/** Names by class index; null when the file does not say. @throws WeightsError when they are damaged */
export function classNamesOf(metadata: Metadata): readonly string[] | null {
  return entryOf(metadata, 'classes', classesSchema) ?? null;
}

/** Sides of the images the weights were made for; null when the file does not say. @throws WeightsError when damaged */
export function inputPixelsOf(metadata: Metadata): number | null {
  return entryOf(metadata, 'inputPixels', pixelsSchema) ?? null;
}

/** undefined: no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
