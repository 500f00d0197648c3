import { DARK, type Levels } from './levels.js';

/** Something of a file that its 8-bit RGB pixels do not show as it is stored. */
export type PixelNote =
  | ({ readonly kind: 'levels' } & Levels)
  /** The first of several pages or frames is taken. */
  | { readonly kind: 'first-page'; readonly pages: number }
  /** The first of more channels than colours are taken. */
  | { readonly kind: 'first-channels'; readonly channels: number };

/** One clause: 'uint16, brightest 4,071: scaled by 1/16'. */
export function describePixels(note: PixelNote): string {
  if (note.kind === 'first-page') return `${note.pages} pages: only the first is used`;
  if (note.kind === 'first-channels')
    return `${note.channels} channels: ${note.channels === 2 ? 'the first is used as grey' : 'the first three are used as red, green and blue'}`;
  const { type, from, to, lowest, brightest, notFinite, isDark } = note;
  const found = lowest < 0 ? `${count(lowest)} to ${count(brightest)}` : `brightest ${count(brightest)}`;
  const isShift = from === 0 && type !== 'float32';
  const shift = to === 255 ? 'taken as 8 bits' : `scaled by 1/${(to + 1) / 256}`;
  const shown = isShift ? shift : `${count(from)} to ${count(to)} shown as 0 to 255`;
  const lost = notFinite > 0 ? `, ${count(notFinite)} values that are no numbers shown as the darkest` : '';
  const dark = isDark ? `, nearly black (99 % below ${DARK} of 255): scale them and save them as 8 bits` : '';
  return `${type}, ${found}: ${shown}${lost}${dark}`;
}

const told = new Set<string>();

/** Says it once a process for every kind, as nobody else listens. */
export function tellPixels(note: PixelNote, file: string): void {
  const key = note.kind === 'levels' ? `${note.type} ${note.from} ${note.to}` : note.kind;
  if (told.has(key)) return;
  told.add(key);
  process.emitWarning(`${file}: ${describePixels(note)} (further images alike are not named)`, 'EspalierWarning');
}

function count(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}
