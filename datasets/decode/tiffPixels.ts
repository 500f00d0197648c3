import type { ImageHeader } from './header.js';
import type { SampleType } from './levels.js';
import { omeSpacing } from './ome.js';
import { swapsAxes, upright } from './orientation.js';
import type { PixelNote } from './pixelNotes.js';
import { type ByteView, readTiffHeader, type TiffHeader } from './tiff.js';

/** Pixels that are shown as they are stored. */
export const PLAIN_PIXELS = {
  scan: 0,
  components: 0,
  colours: 3,
  samples: 'uint8',
  inverted: false,
  alpha: false,
  notes: [],
} as const;

/** Bits of a sample by its format: 1 unsigned, 2 signed, 3 IEEE float, 4 unknown. */
const TYPES: { readonly [format: number]: { readonly [bits: number]: SampleType } } = {
  1: { 1: 'uint8', 2: 'uint8', 4: 'uint8', 8: 'uint8', 16: 'uint16', 32: 'uint32' },
  2: { 8: 'int8', 16: 'int16', 32: 'int32' },
  3: { 32: 'float32' },
  4: { 8: 'uint8', 16: 'uint16' },
};
const NAMES = ['', 'uint', 'int', 'float', 'sample of unknown kind with ', 'complex int', 'complex'];
/** Channels of each colour model. */
const COLOURS: { readonly [photometric: number]: number } = { 0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3 };

/**
 * What a TIFF shows, and what of it is left out.
 *
 * @throws Error for samples that are not read, and for channels that do not say what they show
 */
export function tiffHeader(view: ByteView): ImageHeader {
  const tiff = readTiffHeader(view);
  if (tiff.isCopy)
    throw new Error('its first page is a smaller copy of another, as in raw photos: save it as JPEG or PNG');
  const samples = TYPES[tiff.sampleFormat]?.[tiff.bits];
  if (samples === undefined) {
    const name = `${NAMES[tiff.sampleFormat] ?? 'unknown '}${tiff.bits}`;
    throw new Error(`its samples are ${name}, which is not read: save it as float32, or with 16 or 8 bits`);
  }
  const notes: PixelNote[] = [...channelNotes(tiff, samples)];
  const spacing = omeSpacing(tiff.description);
  if (tiff.pages > 1) notes.push({ kind: 'first-page', pages: tiff.pages });
  return {
    ...PLAIN_PIXELS,
    ...upright(tiff, tiff.orientation),
    ...(spacing && { spacing: swapsAxes(tiff.orientation) ? ([spacing[1], spacing[0]] as const) : spacing }),
    format: 'tiff',
    components: tiff.channels,
    samples,
    inverted: tiff.photometric === 0,
    colours: shownChannels(tiff),
    alpha: isAlpha(tiff),
    notes,
  };
}

function isAlpha({ photometric, channels, extra }: TiffHeader): boolean {
  return channels - (COLOURS[photometric] ?? 0) === 1 && (extra[0] === 1 || extra[0] === 2);
}

function channelNotes(tiff: TiffHeader, samples: SampleType): readonly PixelNote[] {
  const { photometric, channels } = tiff;
  const colours = COLOURS[photometric];
  const isRare = colours === undefined || (samples !== 'uint8' && (photometric === 3 || photometric === 6));
  if (isRare)
    throw new Error(`its colours are of TIFF's kind ${photometric}, which is not read: save it as grey or RGB`);
  const more = channels - colours;
  if (more < 0) throw new Error(`damaged TIFF: ${channels} channels for ${colours} colours`);
  if (more === 0 || isAlpha(tiff)) return [];
  if (colours >= 3 || channels === 3) return [{ kind: 'first-channels', channels }];
  throw new Error(
    `it has ${channels} channels and does not say which are red, green and blue: keep one, or three that are saved as RGB`,
  );
}

/** Channels that are shown: one, three, or four of ink. */
function shownChannels({ photometric, channels }: TiffHeader): 1 | 3 | 4 {
  if (photometric === 5) return 4;
  return photometric === 2 || photometric === 6 || channels === 3 ? 3 : 1;
}
