import type { RgbPixels } from '../../datasets/sample.js';
import type { Overlay } from '../../heads/index.js';

/** RgbPixels of the largest drawing: 8192 x 8192. */
export const LARGEST_DRAWING = 2 ** 26;

/**
 * An image that is too large to be drawn on, with what is to be drawn, by whole pixels smaller: memory does not grow with images
 * of a gigabyte. Others are given back as they are.
 */
export function fitDrawing(
  image: RgbPixels,
  overlay: Overlay,
  largest = LARGEST_DRAWING,
): { readonly image: RgbPixels; readonly overlay: Overlay } {
  const step = Math.ceil(Math.sqrt((image.width * image.height) / largest));
  if (step <= 1) return { image, overlay };
  const { boxes, classMap, scores } = overlay;
  return {
    image: everyNth(image.data, image, step, 3),
    overlay: {
      ...(scores && { scores }),
      ...(boxes && { boxes: { ...boxes, boxes: boxes.boxes.map((edge) => edge / step) } }),
      ...(classMap && { classMap: { ...classMap, ...namedMask(everyNth(classMap.mask, classMap, step, 1)) } }),
    },
  };
}

const namedMask = ({ data, ...size }: RgbPixels) => ({ mask: data, ...size });

/** Every `step`-th pixel of every `step`-th row. */
function everyNth(
  from: Uint8Array,
  size: { readonly width: number; readonly height: number },
  step: number,
  channels: number,
): RgbPixels {
  const [width, height] = [Math.ceil(size.width / step), Math.ceil(size.height / step)];
  const data = new Uint8Array(width * height * channels);
  let at = 0;
  for (let y = 0; y < size.height; y += step) {
    for (let x = 0; x < size.width; x += step) {
      const source = (y * size.width + x) * channels;
      for (let channel = 0; channel < channels; channel++) data[at++] = from[source + channel]!;
    }
  }
  return { data, width, height };
}
