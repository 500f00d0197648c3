import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { ConfigError, DataError, EspalierError } from '../../engine/errors.js';
import { shownName } from '../../engine/printable.js';
import { percentiles } from '../caseStatistics.js';
import { hashValues } from '../check/hash.js';
import type { Dataset, DeepImages, Entry } from '../dataset.js';
import type { CommonData, SplitRequest } from '../formats/format.js';
import type { IntensityRule } from '../intensityRule.js';
import { BACKGROUND, classMapLabels, labelMap } from '../labels.js';
import { foundTable, statedTable } from '../masks/table.js';
import { indexIn, isOverlapping, labelsOfMode, NOTHING, withBackground } from '../overlap.js';
import type { DataRoot } from '../paths.js';
import { commonType, type PixelType, typeOf } from '../pixelTypes.js';
import { datasetOf, type StoredTruth } from '../read.js';
import { IGNORED, type LabelMap, type SemanticTruth } from '../sample.js';
import type { Spacing } from '../transforms/spacing.js';
import { type BadRecord, badRecord, badRecords, type WarningList } from '../warnings.js';
import type { Case, Source } from './findCases.js';
import {
  type Axis,
  cutSlice,
  type Kept,
  type MaskLayer,
  openVolume,
  placeOfImage,
  requireGrid,
  type SliceTruth,
  thickestAxis,
  type VolumeSource,
} from './slices.js';

export interface OpenCases extends Pick<CommonData, 'badRecords' | 'classes' | 'mode'> {
  readonly root: DataRoot;
  readonly request: SplitRequest;
  /** Masks that are read, lowest first. */
  readonly masks: readonly string[];
  readonly values: { readonly [value: string]: string };
  /** Names of mask values that the data set states; none: {}. */
  readonly stated: { readonly [value: string]: string };
  readonly axis: Axis | null;
  /** Slices that are channels together: an odd number. */
  readonly slices: number;
  /** What pixels are resampled to; median: that of the cases; null: they stay as they are. */
  readonly spacing: Spacing | 'median' | null;
  /** Rule that the config names. */
  readonly rule: IntensityRule;
  /** True: the data set says that it is CT. */
  readonly isCt: boolean;
  /** True: slices without a class beside the background are left out. */
  readonly skipsEmpty: boolean;
  /** True: ids are digests. */
  readonly isAnonymous: boolean;
  readonly warnings: WarningList;
}

/** A channel of a mask, which is one of `OpenCases.masks`. */
interface Layer extends VolumeSource, Pick<MaskLayer, 'band'> {
  readonly mask: number;
}

/** What is known of a case once its volumes were read. */
interface Read {
  readonly one: Case;
  readonly volumes: readonly VolumeSource[];
  /** Channels of masks that are read. */
  readonly layers: readonly Layer[];
  readonly axis: Axis;
  readonly isStored: boolean;
  readonly width: number;
  readonly height: number;
  readonly type: PixelType;
  readonly channels: number;
  readonly modality: string | null;
  /** Millimetres between the rows and columns of its slices. */
  readonly spacing: Spacing;
  /** Digest of the values of its images, as `hashValues`. */
  readonly digest: string;
  /** Names that the only mask gives its values, which are those of this case alone; null: none. */
  readonly names: ReadonlyMap<number, string> | null;
  /** Pixels by value, of each layer of each slice. */
  readonly slices: readonly (readonly ReadonlyMap<number, number>[])[];
}

/** Values of a mask that can be classes. */
const MOST_VALUES = 256;

/**
 * A data set of the slices of volumes. Every volume is read once, so that a size or value that does not fit is found before the
 * work starts.
 *
 * @throws DataError when not one case can be used
 */
export async function openCases(cases: readonly Case[], options: OpenCases): Promise<Dataset<SemanticTruth>> {
  const { root, request, masks, warnings, rule } = options;
  const read = await readAll(cases, options);
  const table = tableOf(read, options);
  const overlaps = isOverlapping(table.labels);
  const layersOf = ({ layers }: Read, tables: readonly LayerTable[]): readonly MaskLayer[] =>
    layers.map((source, i) => ({ ...source, ...(tables[i] ?? { values: [], others: IGNORED }) }));
  const counts = new Map<number, number>();
  const isEye = rule === 'rgb';
  const entries = read.flatMap((found): Entry<StoredTruth>[] => {
    const { one, volumes, axis, isStored, width, height, slices } = found;
    const layers = layersOf(found, table.layersOf(found));
    const name = nameOf(one, options);
    return slices.flatMap((values, index): Entry<StoredTruth>[] => {
      const isFull = values.some((layer, i) =>
        [...layer.keys()].some((value) => isForeground(layers[i], value, table.labels)),
      );
      if (!isFull && options.skipsEmpty && request.split === 'train') return [];
      countInto(counts, values, layers);
      const truth: SliceTruth = { kind: 'slice-mask', layers, axis, index, isStored, ...(overlaps && { overlaps }) };
      const deep = { kind: 'slice', volumes, axis, index, slices: options.slices, isStored, isEye } as const;
      const file = (volumes[0] as VolumeSource).path;
      return [{ id: `${name}/${String(index).padStart(3, '0')}`, file, width, height, deep, truth }];
    });
  });
  const patients = new Set(read.map(({ one }) => one.patient));
  warnings.say(
    'cases',
    `${entries.length} slices of ${read.length} volume${read.length === 1 ? '' : 's'} of ${patients.size} patient${patients.size === 1 ? '' : 's'}, cut ${read
      .map(({ axis }) => PLANES[axis])
      .filter((plane, i, all) => all.indexOf(plane) === i)
      .join(' and ')}; masks: ${masks.join(', ')}`,
  );
  if (table.note !== null) warnings.say('mask-values', table.note);
  for (const name of masks) {
    const lacking = read.filter(({ one }) => !one.masks.has(name)).length;
    if (lacking > 0) {
      warnings.say(
        'partial-masks',
        `${lacking} of ${read.length} cases have no mask '${name}', and are learned as showing none of it: leave them out where that is not so`,
      );
    }
  }
  const channels = (read[0]?.channels ?? 1) * options.slices;
  const deep: DeepImages = { type: commonType(read.map(({ type }) => type)), channels, rule: ruleOf(read, options) };
  const spacing = options.spacing === 'median' ? medianSpacing(read) : options.spacing;
  if (spacing !== null && request.split === 'train') {
    warnings.say('spacing', `pixels are ${spacing.map(shortened).join(' x ')} mm apart, as the network sees them`);
  }
  const dataset = datasetOf<SemanticTruth>(table.labels, entries, warnings.list(), {
    source: root.path,
    advice: 'name the masks in data.masks, or what their values are in data.values',
    maskValues: counts,
  });
  const grouped = read.map(({ one, digest }) => ({
    patient: options.isAnonymous ? digestName('patient', one.patient) : one.patient,
    digest,
  }));
  return { ...dataset, cases: grouped, ...(spacing && { spacing }), ...(!isEye && { deep }) };
}

/** What logs, pictures and reports call a case. */
const nameOf = ({ patient, id }: Case, { isAnonymous }: Pick<OpenCases, 'isAnonymous'>): string =>
  isAnonymous ? digestName('case', patient + id) : id;

const digestName = (kind: string, name: string): string =>
  `${kind}-${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;

const shortened = (value: number): string => String(Number(value.toPrecision(4)));

/** Median of rows and of columns. @source nnU-Net, default_experiment_planner.py, determine_fullres_target_spacing: percentile 50 of each axis */
function medianSpacing(read: readonly Read[]): Spacing {
  const median = (axis: 0 | 1): number =>
    percentiles(
      Float64Array.from(read, ({ spacing }) => spacing[axis]),
      [0.5],
    )[0] as number;
  return [median(0), median(1)];
}

const PLANES = ['sagittal', 'coronal', 'axial'] as const;

/** CT by what the data say, z-scores of each case otherwise. @source nnU-Net, plan_and_preprocess: CTNormalization and ZScoreNormalization by channel name */
function ruleOf(read: readonly Read[], { rule, isCt }: OpenCases): DeepImages['rule'] {
  if (rule !== 'auto' && rule !== 'rgb') return rule;
  return isCt || (read.length > 0 && read.every(({ modality }) => modality === 'CT')) ? 'ct' : 'zscore';
}

function isForeground(layer: MaskLayer | undefined, value: number, { classes }: LabelMap): boolean {
  const index = layer?.values.find(([known]) => known === value)?.[1] ?? layer?.others ?? BELOW;
  return index !== BELOW && index !== IGNORED && classes[index]?.name !== BACKGROUND;
}

/** Counts the pixels of layers; hidden ones below others count, too. */
function countInto(
  counts: Map<number, number>,
  values: readonly ReadonlyMap<number, number>[],
  layers: readonly MaskLayer[],
): void {
  for (const [i, layer] of values.entries()) {
    for (const [value, pixels] of layer) {
      const index = layers[i]?.values.find(([known]) => known === value)?.[1] ?? layers[i]?.others ?? BELOW;
      if (index !== BELOW && index !== IGNORED) counts.set(index, (counts.get(index) ?? 0) + pixels);
    }
  }
}

async function readAll(cases: readonly Case[], options: OpenCases): Promise<readonly Read[]> {
  const { root, badRecords: policy, warnings } = options;
  const bad = new Map<string, BadRecord>();
  const read: Read[] = [];
  for (const one of cases) {
    try {
      read.push(await readCase(one, options, read[0]));
    } catch (error) {
      if (!(error instanceof EspalierError)) throw error;
      bad.set(nameOf(one, options), withFile(badRecord(error), error, options));
    }
  }
  if (read.length === 0 || (bad.size > 0 && policy === 'error')) {
    throw new DataError(root.path, `${bad.size} of ${cases.length} cases cannot be used: ${badRecords(bad)}`);
  }
  for (const [file, problem] of bad) warnings.noteBad(file, problem);
  return read;
}

/** Which file of a case it is, where names are no secret. */
function withFile(record: BadRecord, error: EspalierError, { isAnonymous }: OpenCases): BadRecord {
  if (isAnonymous || !(error instanceof DataError)) return record;
  return { ...record, problem: `${basename(error.file)}: ${record.problem}` };
}

async function readCase(one: Case, options: OpenCases, first: Read | undefined): Promise<Read> {
  const { root, masks, axis: wanted } = options;
  const absolute = ({ path, isFolder }: Source): VolumeSource => ({ path: join(root.path, path), isFolder });
  const volumes = one.images.map(absolute);
  // Masks in millimetres are laid on the grid of the first image.
  const on = volumes[0] as VolumeSource;
  const isApart = options.mode !== 'multiclass';
  const sources: Omit<Layer, 'band'>[] = masks.flatMap((name, mask) => {
    const source = one.masks.get(name);
    return source === undefined ? [] : [{ ...absolute(source), on, mask, ...(isApart && { isApart }) }];
  });
  const { grid } = await openVolume(on, false);
  for (const [i, source] of sources.entries()) {
    const own = placeOfImage((await openVolume(source, false)).grid, grid);
    if (own === undefined) continue;
    sources[i] = { ...source, ...own };
    options.warnings.note('unplaced-mask', options.isAnonymous ? nameOf(one, options) : basename(source.path));
  }
  const all = [...volumes, ...sources];
  const placed = await Promise.all(all.map((source) => openVolume(source, false)));
  const isStored = placed.some(({ volume }) => volume.affine === null);
  const opened = isStored ? await Promise.all(all.map((source) => openVolume(source, true))) : placed;
  const { volume } = opened[0] as (typeof opened)[number];
  for (const [i, other] of opened.entries()) requireGrid((all[i] as VolumeSource).path, other.volume, volume);
  for (const [i, { odd }] of opened.entries()) {
    if (odd === 0) continue;
    const file = options.isAnonymous ? nameOf(one, options) : basename((all[i] as VolumeSource).path);
    options.warnings.say(
      'no-number',
      `${shownName(file)}: ${odd} values that are no numbers are taken as the least one`,
    );
  }
  const axis = wanted ?? thickestAxis(volume);
  const images = opened.slice(0, volumes.length);
  const channels = images.reduce((sum, image) => sum + image.volume.channels, 0);
  if (first && first.channels !== channels) {
    throw new DataError(
      (volumes[0] as VolumeSource).path,
      `it has ${channels} channels, ${nameOf(first.one, options)} has ${first.channels}: cases of a data set have the same`,
    );
  }
  const count = [volume.width, volume.height, volume.depth][axis] as number;
  const opaque = sources.map((source, i) => ({ source, volume: (opened[volumes.length + i] as Kept).volume }));
  const parted = opaque.flatMap(({ source, volume: mask }) =>
    Array.from({ length: isApart ? mask.channels : 1 }, (_, band) => ({ mask, layer: { ...source, band } })),
  );
  const layers = parted.map(({ layer }) => layer);
  const slices = Array.from({ length: count }, (_, index) =>
    parted.map(({ mask, layer }) => valuesOf(cutSlice(mask, axis, index), mask.channels, layer)),
  );
  const names = sources.length === 1 ? (opened[volumes.length]?.names ?? null) : null;
  const { width, height, spacing = [1, 1] } = cutSlice(volume, axis, 0);
  const type = commonType(images.map((image) => typeOf(image.volume.data)));
  return {
    one,
    volumes,
    layers,
    axis,
    isStored,
    width,
    height,
    type,
    channels,
    modality: images[0]?.modality ?? null,
    spacing,
    digest: hashValues(
      images.map((image) => image.volume.data),
      one.id,
    ),
    names,
    slices,
  };
}

function valuesOf(
  { data }: { readonly data: ArrayLike<number> },
  step: number,
  { path, band }: Layer,
): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (let i = band; i < data.length; i += step) {
    const value = data[i] as number;
    if (!Number.isInteger(value))
      throw new DataError(path, `a mask value is ${value}, whole numbers are expected: is it an image?`);
    counts.set(value, (counts.get(value) ?? 0) + 1);
    if (counts.size > MOST_VALUES)
      throw new DataError(
        path,
        `a slice of it has more than ${MOST_VALUES} values, so that they are no classes: is it an image?`,
      );
  }
  return counts;
}

type LayerTable = Pick<MaskLayer, 'values' | 'others'>;

interface Table {
  readonly labels: LabelMap;
  /** Layers of the masks of a case. */
  readonly layersOf: (found: Read) => readonly LayerTable[];
  readonly note: string | null;
}

/** Index of a value that shows what is below. */
const BELOW = -1;

/** The classes as masks have them, or each by itself where they may overlap. */
function tableOf(read: readonly Read[], options: OpenCases): Table {
  const { mode, request } = options;
  if (mode === 'multiclass') return exclusiveTable(read, options);
  const isParted = options.masks.length > 1 || read.some(({ layers }) => layers.length > 1);
  if (isParted || read.some(({ names }) => names !== null)) return partedTable(read, options);
  const labels = request.labels && withBackground(request.labels);
  const found = exclusiveTable(read, { ...options, request: { ...request, ...(labels && { labels }) } });
  const own = labelsOfMode(found.labels, mode);
  return {
    ...found,
    labels: own,
    layersOf: (one) =>
      found.layersOf(one).map(({ values, others }) => ({
        values: values.map(([value, index]) => [value, indexIn(own, found.labels, index)] as const),
        others,
      })),
  };
}

/** Channels of masks, each a class wherever it is not zero: by the names of segments or mask files, else by their order. */
function partedTable(read: readonly Read[], { masks, classes, mode, request }: OpenCases): Table {
  const segments = new Set(read.flatMap(({ names }) => [...(names?.values() ?? [])]));
  const bands = Math.max(1, ...read.map(({ layers }) => layers.length));
  const isNamed = segments.size > 0;
  const found = isNamed
    ? [...segments].sort()
    : masks.length > 1
      ? [...masks]
      : Array.from({ length: bands }, (_, band) => `class ${band + 1}`);
  const labels = request.labels ?? labelsOfMode(labelMap(classes.length > 0 ? classes : found), mode);
  if (!isNamed && labels.classes.length !== found.length) {
    throw new ConfigError(
      `data.classes has ${labels.classes.length} names for ${found.length} ${masks.length > 1 ? 'masks' : 'channels of a mask'}: give one for each, in their order`,
    );
  }
  const indexOf = (name: string | undefined): number => labels.classes.findIndex((one) => one.name === name);
  const indexFor = ({ names }: Read, { band, mask }: Layer): number => {
    if (isNamed) return indexOf(names?.get(band));
    return masks.length > 1 ? mask : band;
  };
  const layersOf = (one: Read): readonly LayerTable[] =>
    one.layers.map((layer) => ({ values: [[0, NOTHING]], others: indexFor(one, layer) }));
  return { labels, layersOf, note: null };
}

/** One mask: its values are classes. Several: each is a class wherever it is not zero. */
function exclusiveTable(read: readonly Read[], { masks, classes, values, stated, request }: OpenCases): Table {
  if (masks.length > 1) {
    const labels = request.labels ?? classMapLabels(classes.length > 0 ? classes : [BACKGROUND, ...masks]);
    const background = labels.classes.findIndex(({ name }) => name === BACKGROUND);
    const first = labels.classes.length - masks.length;
    // Zeros of the later ones show what is below.
    const layers = masks.map((_, i) => ({
      values: [[0, i === 0 ? Math.max(0, background) : BELOW] as const],
      others: first + i,
    }));
    const layersOf = (found: Read): readonly LayerTable[] => found.layers.map(({ mask }) => layers[mask] as LayerTable);
    return { labels, layersOf, note: null };
  }
  if (Object.keys(values).length === 0 && read.some(({ names }) => names !== null))
    return namedTable(read, classes, request);
  const counts = new Map<number, number>();
  for (const { slices } of read) {
    for (const [layer] of slices)
      for (const [value, pixels] of layer ?? []) counts.set(value, (counts.get(value) ?? 0) + pixels);
  }
  const named = Object.keys(values).length > 0 ? values : stated;
  const own = Object.keys(named).length > 0 ? null : foundTable(classes, counts, 'value');
  const table = own ?? statedTable({ classes, values: named }, request.labels);
  return {
    labels: request.labels ?? table.labels,
    layersOf: () => [{ values: table.values, others: IGNORED }],
    note: request.labels === undefined ? table.note : null,
  };
}

/** Segments by their names, as each file numbers them in its own way; those that are no class are background. */
function namedTable(read: readonly Read[], classes: readonly string[], request: SplitRequest): Table {
  const met = new Set(read.flatMap(({ names }) => [...(names?.values() ?? [])]));
  met.delete(BACKGROUND);
  const labels = request.labels ?? classMapLabels(classes.length > 0 ? classes : [BACKGROUND, ...[...met].sort()]);
  const indexOf = (name: string): number => labels.classes.findIndex((one) => one.name === name);
  const background = indexOf(BACKGROUND) < 0 ? IGNORED : indexOf(BACKGROUND);
  const layersOf = ({ names }: Read): readonly LayerTable[] => {
    const values = [...(names ?? [])].map(([value, name]) => [value, indexOf(name)] as const);
    return [{ values: [[0, background], ...values.filter(([, index]) => index >= 0)], others: background }];
  };
  return { labels, layersOf, note: null };
}
