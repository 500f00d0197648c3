import { bmpHeader, isBmp, readBmp } from './bmp.js';
import { gifHeader, isGif, readGif } from './gif.js';
import { isPnm, pnmHeader, readPnm } from './pnm.js';

/** Size and samples of an image that is stored without loss. */
export interface RasterHeader {
  readonly width: number;
  readonly height: number;
  /** Palette indices, grey values, or red, green and blue. */
  readonly kind: 'palette' | 'grey' | 'rgb';
}

export interface Raster extends RasterHeader {
  /** [height, width, 1 or 3] as stored, row by row from the top. */
  readonly data: Uint8Array | Uint16Array;
  /** [colours * 3] RGB of a palette image. */
  readonly palette: Uint8Array | null;
  /** Largest value of a grey or colour sample. */
  readonly maximum: number;
}

const FORMATS = [
  { is: isBmp, header: bmpHeader, read: readBmp },
  { is: isPnm, header: pnmHeader, read: readPnm },
  { is: isGif, header: gifHeader, read: readGif },
] as const;

/** BMP, PPM, PGM, PBM and GIF are read here, without native code. */
export const isRaster = (bytes: Uint8Array): boolean => FORMATS.some(({ is }) => is(bytes));

/** @returns null when more bytes are needed @throws Error saying what is wrong */
export function readRasterHeader(bytes: Uint8Array): RasterHeader | null {
  return formatOf(bytes).header(bytes);
}

/** The whole image; of a GIF the first frame. @throws Error saying what is wrong */
export function readRaster(bytes: Uint8Array): Raster {
  return formatOf(bytes).read(bytes);
}

/** [height * width * 3] of 8 bits. */
export function rasterToRgb({ data, kind, palette, maximum, width, height }: Raster): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  const scale = 255 / maximum;
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) {
      if (kind === 'palette') rgb[i * 3 + c] = palette?.[(data[i] as number) * 3 + c] ?? 0;
      else rgb[i * 3 + c] = Math.round((data[kind === 'grey' ? i : i * 3 + c] as number) * scale);
    }
  }
  return rgb;
}

function formatOf(bytes: Uint8Array): (typeof FORMATS)[number] {
  const format = FORMATS.find(({ is }) => is(bytes));
  if (format === undefined) throw new Error('no BMP, PPM, PGM, PBM or GIF file');
  return format;
}
