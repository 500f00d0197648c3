import { DataError } from '../engine/errors.js';
import { concurrently } from './concurrently.js';
import type { Dataset, DeepImages } from './dataset.js';
import { deepFormat } from './decode/decodeDeep.js';
import { readImageSize } from './decode/header.js';
import type { IntensityRule } from './intensityRule.js';
import { commonType } from './pixelTypes.js';
import { readSample } from './read.js';
import type { Sample, Truth } from './sample.js';

const AT_ONCE = 8;
/** Warnings of what 8 bits do not show. */
const SCALED: ReadonlySet<string> = new Set(['scaled-pixels', 'mixed-scales', 'first-channels']);

/**
 * A data set whose images keep their depth and channels where a rule of intensity asks for it. Headers are read alone.
 *
 * @throws DataError for images of different numbers of channels, naming one of each
 */
export async function withIntensity<T extends Truth>(dataset: Dataset<T>, rule: IntensityRule): Promise<Dataset<T>> {
  if (rule === 'auto' || rule === 'rgb') return dataset;
  if (dataset.deep) return { ...dataset, deep: { ...dataset.deep, rule } };
  const formats = await concurrently(dataset.entries, AT_ONCE, async ({ file }) =>
    deepFormat(await readImageSize(file)),
  );
  const channels = formats[0]?.channels ?? 1;
  const odd = formats.findIndex((format) => format.channels !== channels);
  if (odd >= 0) {
    const { file = dataset.source } = dataset.entries[odd] ?? {};
    throw new DataError(
      file,
      `it has ${formats[odd]?.channels} channels, ${dataset.entries[0]?.id} has ${channels}: with data.intensity all images have the same, save them alike or leave it at rgb`,
    );
  }
  const deep: DeepImages = { type: commonType(formats.map(({ type }) => type)), channels, rule };
  const entries = dataset.entries.map((entry) => ({ ...entry, deep: { kind: 'file' } as const }));
  const get = async (index: number): Promise<Sample<T>> => {
    const entry = entries[index];
    if (entry === undefined) throw new RangeError(`sample ${index} of ${entries.length}`);
    return readSample<T>(entry);
  };
  return {
    ...dataset,
    entries,
    warnings: dataset.warnings.filter(({ code }) => !SCALED.has(code)),
    deep,
    get,
    async *[Symbol.asyncIterator]() {
      for (let i = 0; i < entries.length; i++) yield await get(i);
    },
  };
}
