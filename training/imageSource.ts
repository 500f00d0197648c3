import { channelsOf } from '../datasets/pixelTypes.js';
import type { Pixels } from '../datasets/sample.js';
import { ShapeError } from '../engine/errors.js';

/** What a canvas and `ImageData` hold: RGBA, row by row. */
export interface RgbaPixels {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** Anything that a browser can draw. */
type Drawable = HTMLCanvasElement | OffscreenCanvas | ImageBitmap | HTMLImageElement | HTMLVideoElement | VideoFrame;

/** [height, width, 3] of 0..255: a tensor of TensorFlow.js, or anything else that gives its values when asked. */
export interface TensorLike {
  readonly shape: readonly number[];
  data(): Promise<ArrayLike<number>>;
}

/**
 * An image that is in memory: decoded pixels, `ImageData`, a canvas, an image or video element, a video frame, or a tensor
 * [height, width, 3] of 0..255. Alpha is dropped.
 */
export type MemoryImage = Pixels | RgbaPixels | Drawable | TensorLike;

/**
 * The 8-bit RGB of an image in memory.
 *
 * @throws ShapeError for a tensor of another shape, data of another length, or an image of no pixels
 */
export async function pixelsOf(image: MemoryImage): Promise<Pixels> {
  if ('shape' in image) return tensorPixels(image);
  if ('data' in image) {
    const { data, width, height } = image; // of ImageData these are getters
    if (data instanceof Uint8ClampedArray) return withoutAlpha({ data, width, height });
    const pixels: Pixels = { ...image, data };
    channelsOf(pixels);
    return pixels;
  }
  const [width, height] = sizeOf(image);
  if (typeof OffscreenCanvas === 'undefined')
    throw new ShapeError('canvases exist in browsers alone: pass pixels or a tensor');
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (!context)
    throw new ShapeError(`this browser gives no canvas of ${width} x ${height} pixels: pass smaller images`);
  context.drawImage(image, 0, 0);
  return withoutAlpha(context.getImageData(0, 0, width, height));
}

/** Decodes the file of an image as a browser does, upright. @throws ShapeError when it is no image */
export async function decodeBlob(blob: Blob): Promise<Pixels> {
  const options = { premultiplyAlpha: 'none', colorSpaceConversion: 'none' } as const;
  const bitmap = await createImageBitmap(blob, options).catch((error: unknown) => {
    throw new ShapeError(
      `${blob.size} bytes of ${blob.type || 'no named type'} are no image that this browser decodes (${error})`,
    );
  });
  try {
    return await pixelsOf(bitmap);
  } finally {
    bitmap.close();
  }
}

async function tensorPixels(tensor: TensorLike): Promise<Pixels> {
  const [height = 0, width = 0, channels] = tensor.shape;
  if (tensor.shape.length !== 3 || channels !== 3) {
    throw new ShapeError(`the image is a tensor [${tensor.shape}]: [height, width, 3] of 0..255 is expected`);
  }
  return checked({ data: new Uint8Array(Uint8ClampedArray.from(await tensor.data())), width, height }, 3);
}

function withoutAlpha(image: RgbaPixels): Pixels {
  const { data, width, height } = checked(image, 4);
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) rgb.set(data.subarray(from, from + 3), to);
  return { data: rgb, width, height };
}

function checked<T extends Pixels | RgbaPixels>(image: T, channels: number): T {
  const { data, width, height } = image;
  const isWhole = [width, height].every((side) => Number.isInteger(side) && side > 0);
  if (isWhole && data.length === width * height * channels) return image;
  throw new ShapeError(
    `the image has ${data.length} values for ${width} x ${height} pixels: ${channels} for each pixel are expected`,
  );
}

/** Size of what is drawn, in its own pixels, not those of the page. */
function sizeOf(image: Drawable): readonly [width: number, height: number] {
  const [width, height] =
    'naturalWidth' in image
      ? [image.naturalWidth, image.naturalHeight]
      : 'videoWidth' in image
        ? [image.videoWidth, image.videoHeight]
        : 'displayWidth' in image
          ? [image.displayWidth, image.displayHeight]
          : [image.width, image.height];
  if (width > 0 && height > 0) return [width, height];
  throw new ShapeError('the image has no pixels yet: await its load event, or decode()');
}
