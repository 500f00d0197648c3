import { shownName } from '../engine/printable.js';
import type { Warning } from './dataset.js';
import { describePixels, type PixelNote } from './decode/pixelNotes.js';

/** Findings that do not stop the work, by code; every warning names its count and first files. */
export interface WarningList {
  /** `amount` more findings of this code in `file`. */
  note(code: WarningCode, file: string, amount?: number): void;
  /** What the pixels of `file` do not show. */
  notePixels(note: PixelNote, file: string): void;
  list(): readonly Warning[];
}

const SENTENCES = {
  'degenerate-box':
    'of no width or height (xmax <= xmin or ymax <= ymin as written) dropped from training and evaluation',
  'box-clipped': 'up to 1 pixel outside the image, clipped to it',
  'box-outside': 'more than 1 pixel outside the image, clipped to it: check the coordinates',
  'box-missed': 'wholly outside the image, dropped from training and evaluation: check the coordinates',
  'missing-area': 'without an area, taken from the box',
  'missing-segmentation': 'without a segmentation, not part of any class map: export polygons or RLE',
  'ignored-values': 'with values outside the table, ignored in training and evaluation',
  'mapped-values': 'with values outside the table, given to the class of the nearest value',
  'first-page': 'of several pages, only the first is used: save the others as images of their own',
  'first-channels':
    'of more channels than grey or red, green and blue, only the first are used: save three others as RGB if they tell more',
} as const;
const NOUNS: { readonly [code in WarningCode]: string } = {
  'degenerate-box': 'box',
  'box-clipped': 'box',
  'box-outside': 'box',
  'box-missed': 'box',
  'missing-area': 'annotation',
  'missing-segmentation': 'annotation',
  'ignored-values': 'pixel',
  'mapped-values': 'pixel',
  'first-page': 'image',
  'first-channels': 'image',
};
const NAMED_FILES = 5;

export type WarningCode = keyof typeof SENTENCES;

export function collectWarnings(): WarningList {
  const found = new Map<WarningCode, Map<string, number>>();
  const scaled = new Map<string, Scaled>();
  const note: WarningList['note'] = (code, file, amount = 1) => {
    const files = found.get(code) ?? new Map<string, number>();
    found.set(code, files.set(file, (files.get(file) ?? 0) + amount));
  };
  return {
    note,
    notePixels: (pixels, file) => {
      if (pixels.kind === 'levels') noteScale(scaled, pixels, file);
      else note(pixels.kind, file);
    },
    list: () => [...[...found].map(([code, files]) => describe(code, files)), ...describeScales([...scaled.values()])],
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
  const each = groups.map(({ scale, files }) => {
    const what = `${count(files.length, 'image')} of ${describePixels(scale)}`;
    return { code: 'scaled-pixels', count: files.length, files, message: `${what}: ${named(files)}` };
  });
  const ways = new Set(groups.map(({ scale: { type, from, to } }) => `${type} ${from} ${to}`)).size;
  if (ways < 2) return each;
  const files = groups.flatMap((group) => group.files);
  const message = `${count(files.length, 'image')} scaled in ${ways} ways, so that equal values look different: save them with one scale, best as 8 bits`;
  return [...each, { code: 'mixed-scales', count: files.length, files, message }];
}

function describe(code: WarningCode, files: ReadonlyMap<string, number>): Warning {
  const total = [...files.values()].reduce((sum, n) => sum + n, 0);
  const names = [...files.keys()];
  const message = `${count(total, NOUNS[code])} ${SENTENCES[code]}: ${named(names)}`;
  return { code, count: total, files: names, message };
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : noun === 'box' ? 'es' : 's'}`;
}

/** The first names of files by the alphabet, and how many there are beside. */
function named(files: readonly string[]): string {
  const more = files.length > NAMED_FILES ? ` and ${files.length - NAMED_FILES} more` : '';
  return [...files].sort().slice(0, NAMED_FILES).map(shownName).join(', ') + more;
}
