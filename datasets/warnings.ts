import { DataError, type EspalierError } from '../engine/errors.js';
import { shownName } from '../engine/printable.js';
import type { Warning } from './dataset.js';
import { describePixels, type PixelNote } from './decode/pixelNotes.js';
import { naturalOrder } from './paths.js';

/** Findings that do not stop the work, by code; every warning names its count and first files. */
export interface WarningList {
  /** `amount` more findings of this code in `file`. */
  note(code: WarningCode, file: string, amount?: number): void;
  /** A record that is left out, and why. */
  noteBad(file: string, record: BadRecord): void;
  /** A sentence of its own, about what was chosen. */
  say(code: string, message: string, files?: readonly string[]): void;
  /** What the pixels of `file` do not show. */
  notePixels(note: PixelNote, file: string): void;
  list(): readonly Warning[];
  /** What cannot be used of single annotations, in a sentence each. */
  faults(): readonly string[];
}

/** What each code counts, and what is said of it. */
const CODES = {
  'missing-area': ['annotation', 'without an area, taken from the box'],
  'degenerate-box': [
    'box',
    'of no width or height (xmax <= xmin or ymax <= ymin as written) dropped from training and evaluation',
  ],
  'turned-box': ['box', 'whose corners were in the other order, put in order'],
  'bad-box': ['box', 'without four numbers, left out: check the export'],
  'box-clipped': ['box', 'up to 1 pixel outside the image, clipped to it'],
  'box-outside': ['box', 'more than 1 pixel outside the image, clipped to it: check the coordinates'],
  'box-missed': ['box', 'wholly outside the image, dropped from training and evaluation: check the coordinates'],
  'missing-segmentation': ['annotation', 'without a segmentation, not part of any class map: export polygons or RLE'],
  'missing-mask': ['object', 'without a segmentation, neither learned nor counted: export polygons or RLE'],
  'bad-shape': ['annotation', 'with polygons or run lengths that cannot be drawn, left out of class maps'],
  'unused-shape': ['shape', 'left out, as nothing can be learned from its kind'],
  'unlabelled-region': ['region', 'that nobody labelled (DontCare), taken as background'],
  'no-class': ['annotation', 'without the name of a class, left out'],
  'other-class': ['object', 'of classes that data.classes does not list, left out'],
  'unknown-class': ['object', 'of classes that no training image has, left out: check their spelling'],
  'unused-class': ['category', 'left out, as it is the name of the project, which no object has'],
  'similar-names': ['class name', 'like another but for capitals or blanks: if they mean the same, give them one name'],
  'orphan-annotation': ['annotation', 'of images that the file does not list, left out'],
  'unknown-category': ['annotation', 'of categories that the file does not list, left out'],
  'other-folder': ['image', 'found in another folder than the annotation names'],
  'other-capitals': ['image', 'found by other capitals than the annotation writes'],
  'upload-name': ['image', 'found without the code that an upload put before its name'],
  'other-ending': ['image', 'found with another ending than the annotation writes'],
  'swapped-size': ['image', 'whose annotation swaps width and height, read by the size of the file'],
  'repeated-image': ['image', 'named twice, taken once with the objects of both'],
  'no-annotation': ['image', 'without an annotation file, taken as an image without objects'],
  unannotated: ['image', 'without an annotation, left out: give images without objects an empty one'],
  unmasked: ['image', 'without a mask, left out'],
  'many-masks': ['image', 'with several masks, left out: say in data.masks which is meant'],
  'unplaced-mask': [
    'mask',
    'whose file says no place (voxels of 1 mm from 0), laid on its image, as it has its sides: copy the header of the image',
  ],
  'no-image': ['mask', 'without an image, left out'],
  'resized-mask': ['mask', 'of another size than its image, resized to it by the nearest pixel'],
  'ignored-values': ['pixel', 'with values outside the table, ignored in training and evaluation'],
  'mapped-values': ['pixel', 'with values outside the table, given to the class of the nearest value'],
  'first-channels': [
    'image',
    'of more channels than grey or red, green and blue, only the first are used: save three others as RGB if they tell more',
  ],
  'first-page': ['image', 'of several pages, only the first is used: save the others as images of their own'],
} as const satisfies { readonly [code: string]: readonly [noun: string, sentence: string] };
const ORDER = Object.keys(CODES);
/** Annotations that cannot be used, which badRecords: error refuses. */
const FAULTS: ReadonlySet<WarningCode> = new Set([
  'bad-box',
  'bad-shape',
  'no-class',
  'orphan-annotation',
  'unknown-category',
  'unknown-class',
]);
const NAMED_FILES = 5;

export type WarningCode = keyof typeof CODES;

export function collectWarnings(): WarningList {
  const found = new Map<WarningCode, Map<string, number>>();
  const scaled = new Map<string, Scaled>();
  const bad = new Map<string, BadRecord>();
  const said: Warning[] = [];
  const note: WarningList['note'] = (code, file, amount = 1) => {
    const files = found.get(code) ?? new Map<string, number>();
    found.set(code, files.set(file, (files.get(file) ?? 0) + amount));
  };
  return {
    note,
    noteBad: (file, record) => void bad.set(file, record),
    say: (code, message, files = []) =>
      void said.push({ code, message, count: Math.max(1, files.length), files, isNote: true }),
    notePixels: (pixels, file) => {
      if (pixels.kind === 'levels') noteScale(scaled, pixels, file);
      else note(pixels.kind, file);
    },
    faults: () => [...found].filter(([code]) => FAULTS.has(code)).map(([code, files]) => describe(code, files).message),
    list: () => [
      ...said,
      ...describeBad(bad),
      ...[...found]
        .sort(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b))
        .map(([code, files]) => describe(code, files)),
      ...describeScales([...scaled.values()]),
    ],
  };
}

type Scale = Extract<PixelNote, { kind: 'levels' }>;

/** Images whose samples are scaled alike; the scale has the lowest and brightest of them all. */
interface Scaled {
  scale: Scale;
  readonly files: string[];
}

function noteScale(scaled: Map<string, Scaled>, scale: Scale, file: string): void {
  const key = `${scale.type} ${scale.from} ${scale.to} ${scale.isDark}`;
  const known = scaled.get(key);
  if (known === undefined) {
    scaled.set(key, { scale, files: [file] });
    return;
  }
  known.files.push(file);
  const lowest = Math.min(known.scale.lowest, scale.lowest);
  const brightest = Math.max(known.scale.brightest, scale.brightest);
  known.scale = { ...scale, lowest, brightest, notFinite: known.scale.notFinite + scale.notFinite };
}

function describeScales(groups: readonly Scaled[]): Warning[] {
  // Images are read at the same time: what is said does not depend on which came first.
  const ordered = groups
    .map(({ scale, files }) => ({ scale, files: [...files].sort(naturalOrder) }))
    .sort((a, b) => naturalOrder(a.files[0] ?? '', b.files[0] ?? ''));
  const each = ordered.map(({ scale, files }) => {
    const what = `${count(files.length, 'image')} of ${describePixels(scale)}`;
    return { code: 'scaled-pixels', count: files.length, files, message: `${what}: ${named(files)}` };
  });
  const ways = new Set(groups.map(({ scale: { type, from, to } }) => `${type} ${from} ${to}`)).size;
  if (ways < 2) return each;
  const files = ordered.flatMap((group) => group.files);
  const message = `${count(files.length, 'image')} scaled in ${ways} ways, so that equal values look different: save them with one scale, best as 8 bits`;
  return [...each, { code: 'mixed-scales', count: files.length, files, message }];
}

function describe(code: WarningCode, files: ReadonlyMap<string, number>): Warning {
  const total = [...files.values()].reduce((sum, n) => sum + n, 0);
  const names = [...files.keys()].sort(naturalOrder);
  const [noun, sentence] = CODES[code];
  const message = `${count(total, noun)} ${sentence}: ${named(names)}`;
  return { code, count: total, files: names, message };
}

/** Why a record cannot be used. */
export interface BadRecord {
  readonly problem: string;
  /** Number of the pitfall it is an instance of, where it has one. */
  readonly pitfall?: number | undefined;
}

/** What an error says of the record it was met in. */
export const badRecord = (error: EspalierError): BadRecord =>
  error instanceof DataError ? error : { problem: error.message };

function describeBad(bad: ReadonlyMap<string, BadRecord>): Warning[] {
  const pitfalls = [...new Set([...bad.values()].map(({ pitfall }) => pitfall))];
  return pitfalls.map((pitfall) => {
    const alike = new Map([...bad].filter(([, record]) => record.pitfall === pitfall));
    const message = `${count(alike.size, 'record')} left out that cannot be used: ${badRecords(alike)}`;
    return { code: 'bad-record', count: alike.size, files: [...alike.keys()], message, pitfall };
  });
}

/** What all of them are instances of; undefined: of several. */
export function commonPitfall(bad: ReadonlyMap<string, BadRecord>): number | undefined {
  const [first, ...others] = new Set([...bad.values()].map(({ pitfall }) => pitfall));
  return others.length === 0 ? first : undefined;
}

/** The first records that cannot be used, each with its reason, and how many there are beside. */
export function badRecords(bad: ReadonlyMap<string, BadRecord>): string {
  const more = bad.size > NAMED_FILES ? `; and ${bad.size - NAMED_FILES} more` : '';
  const first = [...bad].slice(0, NAMED_FILES);
  return first.map(([file, { problem }]) => `${shownName(file)} (${problem})`).join('; ') + more;
}

function count(amount: number, noun: string): string {
  if (amount === 1) return `1 ${noun}`;
  return `${amount} ${noun.replace(/y$/, 'ie')}${/(?:s|x)$/.test(noun) ? 'es' : 's'}`;
}

/** The first names of files by the alphabet, and how many there are beside. */
function named(files: readonly string[]): string {
  const more = files.length > NAMED_FILES ? ` and ${files.length - NAMED_FILES} more` : '';
  return [...files].sort().slice(0, NAMED_FILES).map(shownName).join(', ') + more;
}
