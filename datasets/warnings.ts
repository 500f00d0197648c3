import { shownName } from '../engine/printable.js';
import type { Warning } from './dataset.js';

/** Findings that do not stop the work, by code; every warning names its count and first files. */
export interface WarningList {
  /** `amount` more findings of this code in `file`. */
  note(code: WarningCode, file: string, amount?: number): void;
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
};
const NAMED_FILES = 5;

export type WarningCode = keyof typeof SENTENCES;

export function collectWarnings(): WarningList {
  const found = new Map<WarningCode, Map<string, number>>();
  return {
    note: (code, file, amount = 1) => {
      const files = found.get(code) ?? new Map<string, number>();
      found.set(code, files.set(file, (files.get(file) ?? 0) + amount));
    },
    list: () => [...found].map(([code, files]) => describe(code, files)),
  };
}

function describe(code: WarningCode, files: ReadonlyMap<string, number>): Warning {
  const count = [...files.values()].reduce((sum, n) => sum + n, 0);
  const names = [...files.keys()];
  const noun = NOUNS[code] + (count === 1 ? '' : NOUNS[code] === 'box' ? 'es' : 's');
  const shown = names.slice(0, NAMED_FILES).map(shownName).join(', ');
  const more = names.length > NAMED_FILES ? ` and ${names.length - NAMED_FILES} more` : '';
  return { code, count, files: names, message: `${count} ${noun} ${SENTENCES[code]}: ${shown}${more}` };
}
