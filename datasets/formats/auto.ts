import * as z from 'zod';
import { ConfigError } from '../../engine/errors.js';
import type { Dataset } from '../dataset.js';
import type { Truth } from '../sample.js';
import { commonKeys, defineFormat, NOUNS, type SplitRequest } from './format.js';
import { describeUnrecognised, recognise } from './recognise.js';
import { FORMATS } from './table.js';

const config = z.strictObject({
  kind: z
    .literal('auto')
    .default('auto')
    .describe(
      `Format of the data (\`espalier formats\` draws each): auto, recognised by its files, or ${FORMATS.map(({ kind }) => kind).join(', ')}`,
    ),
  ...commonKeys,
});
type AutoData = z.infer<typeof config>;

const reader =
  <Kind extends Truth['kind']>(truth: Kind) =>
  async (data: AutoData, request: SplitRequest): Promise<Dataset<Extract<Truth, { readonly kind: Kind }>> | null> => {
    const found = await recognise(FORMATS, data.root, truth);
    const open = 'format' in found ? found.format.readers[truth] : undefined;
    if (!('format' in found) || open === undefined) {
      const other = await recognise(FORMATS, data.root, null);
      const what =
        'format' in other
          ? `it is recognised as ${other.name} (kind: ${other.format.kind}), which has ${NOUNS[other.truth]} and no ${NOUNS[truth]}: choose the task that learns from them`
          : `${describeUnrecognised(other)}, and data.kind names one`;
      throw new ConfigError(`data.root: ${data.root} is no data set that ${NOUNS[truth]} can be read from, ${what}`);
    }
    const { format, keys, name } = found;
    const dataset = await open({ ...data, ...keys, kind: format.kind }, request);
    if (dataset === null) return null;
    const note = {
      code: 'recognised',
      message: `recognised as ${name} (data.kind: ${format.kind})`,
      count: 1,
      files: [],
      isNote: true,
    } as const;
    const warnings = request.split === 'train' ? [note, ...dataset.warnings] : dataset.warnings;
    return { ...dataset, warnings };
  };

/** The format that a folder is recognised as. */
export const auto = defineFormat({
  kind: 'auto',
  title: 'Recognised',
  tools: '',
  layout: '',
  config,
  readers: {
    boxes: reader('boxes'),
    instances: reader('instances'),
    classMap: reader('classMap'),
    labels: reader('labels'),
    panoptic: reader('panoptic'),
  },
  recognise: async () => null,
});
