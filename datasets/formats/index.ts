import * as z from 'zod';
import { ConfigError } from '../../engine/errors.js';
import type { Dataset } from '../dataset.js';
import { withIntensity } from '../deepImages.js';
import { createModuleTable, moduleKeys, ownSettings } from '../outside.js';
import type { Truth } from '../sample.js';
import { auto } from './auto.js';
import { commonKeys, type Format, NOUNS, type SplitRequest } from './format.js';
import { FORMATS } from './table.js';

export {
  type CommonData,
  commonKeys,
  type DataProblem,
  defineFormat,
  type Format,
  type Recognised,
  type Split,
  type SplitName,
  type SplitRequest,
} from './format.js';
export { type Cutting, cuttingOf } from './medical.js';
export { describeUnrecognised, type Recognition, recognise } from './recognise.js';
export { FORMATS };

/** The `data` of a config: the keys of one format, by its `kind`; without one it is recognised. */
export const dataSchema = z.discriminatedUnion('kind', [
  auto.config,
  ...FORMATS.map(({ config }) => config),
  z.looseObject({ ...moduleKeys, ...commonKeys }),
]);
export type DataConfig = z.infer<typeof dataSchema>;

const ALL: readonly Format[] = [auto, ...FORMATS];

/** Formats of modules. */
const OWN = createModuleTable<Format>('format');

/** Keeps why the format of a module was not loaded. */
export const refuseFormat = OWN.refuse;

/** Adds the format of a module, which reads its own keys. */
export function addFormat(module: string, { readers, check, ...format }: Format): void {
  const own = (data: unknown) => ownSettings(data as { readonly [key: string]: unknown }, format.config);
  const { boxes, instances, classMap, labels, panoptic } = readers;
  OWN.add(module, {
    ...format,
    readers: {
      ...(boxes && { boxes: (data: unknown, request: SplitRequest) => boxes(own(data), request) }),
      ...(instances && { instances: (data: unknown, request: SplitRequest) => instances(own(data), request) }),
      ...(classMap && { classMap: (data: unknown, request: SplitRequest) => classMap(own(data), request) }),
      ...(panoptic && { panoptic: (data: unknown, request: SplitRequest) => panoptic(own(data), request) }),
      ...(labels && { labels: (data: unknown, request: SplitRequest) => labels(own(data), request) }),
    },
    check: (data) => check(own(data)),
  });
}

/** @throws ConfigError for a kind that does not exist */
export function formatOf({ kind, ...data }: { readonly kind: string; readonly [key: string]: unknown }): Format {
  if (typeof data.module === 'string') return OWN.of(data);
  const format = ALL.find((one) => one.kind === kind);
  if (format === undefined)
    throw new ConfigError(`there is no data kind '${kind}': ${ALL.map((one) => one.kind).join(', ')}`);
  return format;
}

/** Why a format gives no truths of a kind; null: it gives them. */
export function lacksTruth(format: Format, truth: Truth['kind']): string | null {
  if (format.readers[truth] !== undefined) return null;
  const others = FORMATS.filter((one: Format) => one.readers[truth] !== undefined).map(({ kind }) => kind);
  const own = Object.entries(NOUNS).flatMap(([kind, noun]) =>
    format.readers[kind as Truth['kind']] === undefined ? [] : [noun],
  );
  return `kind ${format.kind} gives ${own.join(' and ')}, and ${NOUNS[truth]} are learned from: use ${others.join(', ')}`;
}

/**
 * Opens one split of a data set.
 *
 * @param data as dataSchema gives it, or what it takes
 * @returns null: there is no validation set, as nothing names one and too few images are there to hold some out
 * @throws ConfigError for a config that cannot be; DataError for files that cannot be used
 */
export async function openData<Kind extends Truth['kind']>(
  data: z.input<typeof dataSchema>,
  truth: Kind,
  request: SplitRequest,
): Promise<Dataset<Extract<Truth, { readonly kind: Kind }>> | null> {
  const parsed = dataSchema.safeParse(data);
  if (!parsed.success) throw new ConfigError(`data: ${z.prettifyError(parsed.error).replace(/\\s+/g, ' ')}`);
  const format = formatOf(parsed.data);
  const lack = lacksTruth(format, truth);
  if (lack !== null) throw new ConfigError(`data: ${lack}`);
  const open = format.readers[truth] as NonNullable<(typeof format.readers)[Kind]>;
  const dataset = await open(parsed.data, request);
  return dataset && withIntensity(dataset, parsed.data.intensity);
}
