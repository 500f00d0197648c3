import type { Canvas, PixelOp } from './op.js';

/**
 * A square about a random pixel shows nothing.
 *
 * @source DeVries & Taylor 2017, arXiv:1708.04552; as in google/automl, the square may reach over the border
 */
export const cutout: PixelOp = {
  kind: 'pixels',
  images: 'any',
  value: "half a side, part of the image's longer side",
  limits: [0, 1],
  apply: (canvas, half) => {
    const { left, top, right, bottom } = canvas.region;
    const { random } = canvas;
    const x = left + random.integer(right - left);
    const y = top + random.integer(bottom - top);
    const pad = Math.trunc(half * Math.max(right - left, bottom - top));
    paint(canvas, x - pad, y - pad, x + pad, y + pad);
  },
};

/** The same about a pixel of a random object. @source google/automl, efficientdet/aug/autoaugment.py, bbox_cutout */
export const boxCutout: PixelOp = {
  kind: 'pixels',
  images: 'any',
  value: "half a side, part of half of the object's",
  limits: [0, 1],
  apply: (canvas, part) => {
    const { boxes, random } = canvas;
    if (boxes.length === 0) return;
    const chosen = random.integer(boxes.length / 4) * 4;
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes.subarray(chosen, chosen + 4);
    const x = Math.floor(random.uniform(x1, x2));
    const y = Math.floor(random.uniform(y1, y2));
    const across = Math.trunc((part * (x2 - x1)) / 2);
    const down = Math.trunc((part * (y2 - y1)) / 2);
    paint(canvas, x - across, y - down, x + across, y + down);
  },
};

function paint(
  { pixels, width, channels, region, fill }: Canvas,
  left: number,
  top: number,
  right: number,
  bottom: number,
): void {
  for (let y = Math.max(top, region.top); y < Math.min(bottom, region.bottom); y++) {
    for (let x = Math.max(left, region.left); x < Math.min(right, region.right); x++) {
      const at = (y * width + x) * channels;
      for (let c = 0; c < channels; c++) pixels[at + c] = fill[c] ?? fill[0] ?? 0;
    }
  }
}
