import * as z from 'zod';
import { ConfigError, DataError } from '../../engine/errors.js';
import { contentsOf } from '../medical/contents.js';
import { type Case, commonMask, findCases } from '../medical/findCases.js';
import { openCases } from '../medical/openCases.js';
import type { Axis } from '../medical/slices.js';
import { naturalOrder, openRoot } from '../paths.js';
import { listFiles } from '../stated/images.js';
import { chooseSplit, type Parts } from '../stated/splits.js';
import { linesOf } from '../stated/text.js';
import { isVolumeName } from '../volumes/readVolume.js';
import { collectWarnings } from '../warnings.js';
import { commonKeys, defineFormat, type Open } from './format.js';
import { headOf, partOf } from './parts.js';

const name = z.string().min(1);

const millimetres = z.number().min(0.001).max(1000);

const config = z.strictObject({
  kind: z.literal('medical'),
  ...commonKeys,
  masks: z
    .array(name)
    .max(254)
    .default([])
    .describe(
      'What is learned, by the ending of mask files: [seg] reads t2_seg.nii.gz of t2.nii.gz; of several each is a class, later ones over those before; []: what most cases have',
    ),
  values: z
    .record(z.string().regex(/^\d+$/, 'expected a mask value such as 2'), name)
    .default({})
    .describe(
      "Value of a mask's voxel to class name or 'ignore'; {}: what dataset.json says, or each value is a class",
    ),
  axis: z
    .enum(['auto', 'sagittal', 'coronal', 'axial'])
    .default('auto')
    .describe('Planes that volumes are cut into; auto: across the thickest slices, of equals axial'),
  slices: z
    .literal([1, 3, 5, 7])
    .default(1)
    .describe(
      'Slices that the network sees together as channels, the answered one in the middle: 1, 3, 5 or 7; beyond the ends the outermost is repeated',
    ),
  spacing: z
    .union([z.tuple([millimetres, millimetres]), z.literal('median')])
    .nullable()
    .default(null)
    .describe(
      'Millimetres between rows and between columns that slices are resampled to, median: those of the training cases; answers and figures stay in the original grid; null: pixels as they are',
    ),
  sites: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Table below root with the columns participant_id (or patient) and site, such as participants.tsv: patients of one site are in one split, too; null: patients are shared out one by one; a folder above those of patients keeps them together anyway',
    ),
  emptySlices: z
    .enum(['keep', 'skip'])
    .default('keep')
    .describe('Training slices without a class beside the background are kept or left out'),
  anonymous: z
    .boolean()
    .default(false)
    .describe('true: cases are named by digests in logs, pictures and reports, in place of their file names'),
});
type MedicalData = z.infer<typeof config>;

const AXES: { readonly [name in MedicalData['axis']]: Axis | null } = { auto: null, sagittal: 0, coronal: 1, axial: 2 };

/** How volumes are cut into images; the axis is null: across the thickest slices. */
export interface Cutting {
  readonly axis: Axis | null;
  /** Slices that are channels together. */
  readonly slices: number;
}

/** How the volumes of a data set are cut. */
export const cuttingOf = (data: object): Cutting => {
  const read = config.safeParse(data);
  return read.success ? { axis: AXES[read.data.axis], slices: read.data.slices } : { axis: null, slices: 1 };
};

/**
 * Where patients are from, by their name: the column site of a table.
 *
 * @throws DataError for a table without such columns, or a patient that it does not have
 */
function sitesOf(root: string, sites: string): (patient: string) => string {
  const file = `${root}/${sites}`;
  const [header = [], ...rows] = linesOf(headOf(file, MAX_JSON)).map((line) =>
    line.split(/[\t,;]/).map((cell) => cell.trim()),
  );
  const columnOf = (names: RegExp): number => header.findIndex((name) => names.test(name));
  const [who, where] = [
    columnOf(/^(participant|patient|subject|case)(_id)?$/i),
    columnOf(/^(site|center|centre|hospital|scanner)(_id)?$/i),
  ];
  if (who < 0 || where < 0)
    throw new DataError(
      file,
      `its columns are ${header.slice(0, 8).join(', ')}: one is called patient or participant_id, one site`,
    );
  const known = new Map(rows.map((row) => [row[who], row[where] ?? '']));
  return (patient) => {
    const site = known.get(patient);
    if (site) return site;
    throw new DataError(file, `it names no site of ${patient}: add a row, or leave data.sites out`);
  };
}

const open: Open<MedicalData, 'classMap'> = async (data, request) => {
  const root = await openRoot(data.root);
  const warnings = collectWarnings();
  const paths = (await listFiles(root.path)).sort(naturalOrder);
  const all = findCases(paths);
  const masks = data.masks.length > 0 ? data.masks : [commonMask(all)];
  const cases = all.filter((one) => one.masks.has(masks[0] as string));
  if (cases.length === 0) throw new DataError(root.path, lacking(all, masks));
  const patients = new Map<string, Case[]>();
  for (const one of cases) patients.set(one.patient, [...(patients.get(one.patient) ?? []), one]);
  const grouped = new Map<string, Case[]>();
  const siteOf = data.sites === null ? (patient: string) => patient : sitesOf(root.path, data.sites);
  for (const [patient, own] of patients)
    grouped.set(siteOf(patient), [...(grouped.get(siteOf(patient)) ?? []), ...own]);
  const items = [...grouped].map(([id, own]) => ({
    id,
    own,
    classes: [] as readonly string[],
    isTest: own.every(({ isTest }) => isTest),
  }));
  const chosen = await chooseSplit<(typeof items)[number]>(root, data, request.split, {
    parts: partsOf(items),
    groups: true,
    classesOf: (all) =>
      contentsOf(
        all.map(({ own }) => own),
        { root, masks },
      ),
    resolve: async () => null,
    read: async (places) => items.filter((item) => places.some((place) => place === '' || placeOf(item) === place)),
  });
  if (chosen === null) return null;
  if (chosen.note !== null)
    warnings.say('split', chosen.note.replaceAll('images', data.sites === null ? 'patients' : 'sites'));
  const stated = statedBy(root.path, paths);
  return openCases(
    chosen.items.flatMap(({ own }) => own),
    {
      root,
      request,
      masks,
      classes: data.classes,
      values: data.values,
      stated: data.classes.length > 0 ? {} : stated.values,
      badRecords: data.badRecords,
      mode: data.mode,
      ...cuttingOf(data),
      spacing: data.spacing,
      rule: data.intensity,
      isCt: stated.isCt,
      skipsEmpty: data.emptySlices === 'skip',
      isAnonymous: data.anonymous,
      warnings,
    },
  );
};

interface Item {
  readonly id: string;
  readonly own: readonly Case[];
  readonly isTest: boolean;
}

const placeOf = ({ own: [first], isTest }: Item): string => {
  const part = isTest ? 'test' : partOf(first?.id.split('/').slice(0, -1).join('/') ?? '');
  return part === 'train' && /imagesTr/i.test(first?.id ?? '') ? 'none' : (part ?? 'none');
};

function partsOf(items: readonly Item[]): Parts {
  const used = new Set(items.map(placeOf));
  const parts: { -readonly [K in keyof Parts]: Parts[K] } = { all: [''] };
  if (!used.has('val') && !used.has('test')) return parts;
  for (const part of ['train', 'val', 'test'] as const) if (used.has(part)) parts[part] = [part];
  if (!used.has('train')) parts.train = ['none'];
  return parts;
}

function lacking(all: readonly Case[], masks: readonly string[]): string {
  const known = [...new Set(all.flatMap((one) => [...one.masks.keys()]))];
  if (all.length === 0)
    return 'no volume has a mask: name masks like their images with an ending such as _seg, or put them into labelsTr';
  return `no case has a mask '${masks[0]}': there are ${known.slice(0, 8).join(', ')}`;
}

/** What dataset.json of nnU-Net or the Decathlon says of values and modality. */
function statedBy(
  root: string,
  paths: readonly string[],
): { readonly values: { readonly [value: string]: string }; readonly isCt: boolean } {
  const none = { values: {}, isCt: false };
  if (!paths.includes('dataset.json')) return none;
  let parsed: unknown;
  try {
    parsed = JSON.parse(headOf(`${root}/dataset.json`, MAX_JSON));
  } catch {
    throw new DataError(`${root}/dataset.json`, 'is no JSON: correct it or remove it');
  }
  const read = datasetJson.safeParse(parsed);
  if (!read.success) return none;
  const { labels = {}, channel_names: channels, modality } = read.data;
  const values = Object.entries(labels).flatMap(([key, value]): [string, string][] => {
    if (typeof value === 'number') return [[String(value), key]];
    if (typeof value === 'string' && /^\d+$/.test(key)) return [[key, value]];
    throw new ConfigError(
      `dataset.json: label '${key.slice(0, 60)}' is no single value, which is not read: write data.values`,
    );
  });
  const isCt =
    Object.values(channels ?? modality ?? {}).every((text) => /^CT$/i.test(text)) &&
    (channels ?? modality) !== undefined;
  return { values: Object.fromEntries(values), isCt };
}

const MAX_JSON = 2 ** 24;
const datasetJson = z.object({
  labels: z.record(z.string(), z.unknown()).optional(),
  channel_names: z.record(z.string(), z.string()).optional(),
  modality: z.record(z.string(), z.string()).optional(),
});

/** Volumes of scanners with masks of their voxels; slices are samples, and patients are never in two splits. */
export const medical = defineFormat({
  kind: 'medical',
  title: 'Medical volumes',
  tools:
    'nnU-Net, Medical Segmentation Decathlon, BIDS, 3D Slicer, ITK-SNAP; NIfTI, NRRD, MetaImage, DICOM, NumPy, TIFF; DICOM-SEG, RTSTRUCT',
  layout: `imagesTr/a_0000.nii.gz     or   patient1/t2.nii.gz       or   t2.nii.gz
labelsTr/a.nii.gz                patient1/t2_seg.nii.gz        t2_seg.nii.gz
dataset.json                     patient2/dicom/1.dcm ...
                                 patient2/seg.nii.gz, seg.dcm or rtstruct.dcm`,
  config,
  readers: { classMap: open },
  check: ({ intensity, slices }) =>
    intensity === 'rgb' && slices > 1
      ? [
          {
            path: ['slices'],
            message: `${slices} slices are channels of the values' own depth, and intensity: rgb is three colours of one: leave intensity at auto`,
          },
        ]
      : [],
  recognise: async ({ paths }) => {
    const isMedical = paths.some((path) => isVolumeName(path) && !/\.np[yz]$/i.test(path));
    return isMedical && findCases(paths).length > 0 ? { keys: {}, name: 'medical volumes', truth: 'classMap' } : null;
  },
});
