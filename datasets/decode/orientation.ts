import type { Pixels } from '../sample.js';

/** Whether the orientation exchanges width and height. */
function swapsAxes(orientation: number): boolean {
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
export function applyOrientation(image: Pixels, orientation: number): Pixels {
  if (orientation === 1) return image;
  const { width: storedWidth, height: storedHeight, data: stored } = image;
  const swap = swapsAxes(orientation);
  const width = swap ? storedHeight : storedWidth;
  const height = swap ? storedWidth : storedHeight;
  const mirrorX = [2, 3, 7, 8].includes(orientation);
  const mirrorY = [3, 4, 6, 7].includes(orientation);
  const data = new Uint8Array(stored.length);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      const column = swap ? y : x;
      const row = swap ? x : y;
      const storedX = mirrorX ? storedWidth - 1 - column : column;
      const storedY = mirrorY ? storedHeight - 1 - row : row;
      const from = (storedY * storedWidth + storedX) * 3;
      data[to] = stored[from] as number;
      data[to + 1] = stored[from + 1] as number;
      data[to + 2] = stored[from + 2] as number;
    }
  }
  return { data, width, height };
}
