import { ShapeError } from '../../engine/errors.js';
import type { Pixels } from '../sample.js';

/** Millimetres between the centres of pixels. */
export type Spacing = readonly [rows: number, columns: number];

/** Factors that lay an image at a spacing. */
export interface Scales {
  readonly scaleX: number;
  readonly scaleY: number;
}

/** Longest side. */
const MOST_PIXELS = 2 ** 14;

/**
 * The factors between an image's own spacing and another one, with which it fills a whole number of pixels; 1 where its file does not say how
 * far apart its pixels are, or no spacing is asked for.
 *
 * @throws ShapeError for a spacing that leaves too many pixels
 * @source nnU-Net, preprocessing/resampling, compute_new_shape: round(shape * spacing / target)
 */
export function scalesTo(
  { width, height, spacing }: Pick<Pixels, 'width' | 'height' | 'spacing'>,
  target: Spacing | undefined,
): Scales {
  if (spacing === undefined || target === undefined) return { scaleX: 1, scaleY: 1 };
  const factor = (side: number, own: number, wanted: number): number => {
    const pixels = Math.max(1, Math.round((side * own) / wanted));
    if (pixels <= MOST_PIXELS) return pixels / side;
    throw new ShapeError(
      `${side} pixels ${own} mm apart are ${pixels} that are ${wanted} mm apart, and at most ${MOST_PIXELS} are laid: correct the spacing of the file`,
    );
  };
  return { scaleY: factor(height, spacing[0], target[0]), scaleX: factor(width, spacing[1], target[1]) };
}
