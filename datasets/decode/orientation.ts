import type { PixelData, RgbPixels } from '../sample.js';

/** Whether the orientation exchanges width and height. */
export function swapsAxes(orientation: number): boolean {
  return orientation >= 5;
}

/** The size of stored pixels once they are upright. */
export function upright(stored: { readonly width: number; readonly height: number }, orientation: number) {
  const swap = swapsAxes(orientation);
  return { width: swap ? stored.height : stored.width, height: swap ? stored.width : stored.height, orientation };
}

/**
 * Turns stored pixels upright.
 *
 * @param image [height, width, 3] as stored
 * @param orientation EXIF value 1..8
 * @source Exif 2.32, 4.6.4 A: 1 upright, 3 half turn, 6 clockwise, 8 counter-clockwise; 2, 4, 5, 7 mirrored
 */
export const applyOrientation = (image: RgbPixels, orientation: number): RgbPixels => turned(image, orientation, 3);

/** As `applyOrientation`, of any type and number of channels. */
export function turned<Data extends PixelData>(
  image: { readonly data: Data; readonly width: number; readonly height: number },
  orientation: number,
  channels: number,
): { readonly data: Data; readonly width: number; readonly height: number } {
  if (orientation === 1) return image;
  const { width: storedWidth, height: storedHeight, data: stored } = image;
  const swap = swapsAxes(orientation);
  const width = swap ? storedHeight : storedWidth;
  const height = swap ? storedWidth : storedHeight;
  const mirrorX = [2, 3, 7, 8].includes(orientation);
  const mirrorY = [3, 4, 6, 7].includes(orientation);
  const data = stored.slice() as Data;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += channels) {
      const column = swap ? y : x;
      const row = swap ? x : y;
      const storedX = mirrorX ? storedWidth - 1 - column : column;
      const storedY = mirrorY ? storedHeight - 1 - row : row;
      const from = (storedY * storedWidth + storedX) * channels;
      for (let c = 0; c < channels; c++) data[to + c] = stored[from + c] as number;
    }
  }
  return { data, width, height };
}
