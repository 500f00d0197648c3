import { ShapeError } from '../../engine/errors.js';
import type { TargetArrays, TargetSpec, TargetSpecs } from '../encoder.js';
import { bytesOf, type PixelType, viewPixels } from '../pixelTypes.js';
import type { PixelData } from '../sample.js';

/** How a batch lies in one block of shared memory: images first, then each target, every part on 8 bytes. */
export interface SlotLayout {
  readonly byteLength: number;
  readonly batchSize: number;
  /** Type of the images' values. */
  readonly type: PixelType;
  /** Values of one image: height * width * channels. */
  readonly imageValues: number;
  readonly targets: readonly TargetPlace[];
}

interface TargetPlace {
  readonly name: string;
  readonly spec: TargetSpec;
  readonly offset: number;
  /** Elements of one row. */
  readonly elements: number;
}

const align = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/** What the images of a batch are. */
export interface BatchPixels {
  readonly size: readonly [height: number, width: number];
  readonly channels: number;
  readonly type: PixelType;
}

const valuesOf = ({ size: [height, width], channels }: BatchPixels): number => height * width * channels;

/** V8's largest typed array is far above; a batch beyond this is a mistake in the config. */
const MAX_SLOT_BYTES = 2 ** 31;

/** @throws ShapeError when a batch would not fit into 2 GiB */
export function layoutOf(pixels: BatchPixels, batchSize: number, targets: TargetSpecs): SlotLayout {
  const { size, type } = pixels;
  const imageValues = valuesOf(pixels);
  let byteLength = align(imageValues * bytesOf(type) * batchSize);
  const places = Object.entries(targets).map(([name, spec]): TargetPlace => {
    const elements = spec.shape.reduce((product, length) => product * length, 1);
    const place = { name, spec, offset: byteLength, elements };
    byteLength += align(elements * 4 * batchSize);
    return place;
  });
  if (byteLength <= MAX_SLOT_BYTES) return { byteLength, batchSize, type, imageValues, targets: places };
  const fits = Math.floor(MAX_SLOT_BYTES / slotBytes(pixels, 1, targets));
  throw new ShapeError(
    `a batch of ${batchSize} images of ${size[0]} x ${size[1]} takes ${byteLength} bytes, at most ${MAX_SLOT_BYTES} can be shared: lower batchSize to ${fits} or less`,
  );
}

/** Bytes of a batch of this many; infinite where it would not fit into 2 GiB. */
export function slotBytes(pixels: BatchPixels, batchSize: number, targets: TargetSpecs): number {
  const values = Object.values(targets).map(({ shape }) => shape.reduce((product, length) => product * length, 4));
  const bytes = [valuesOf(pixels) * bytesOf(pixels.type), ...values].reduce(
    (sum, each) => sum + align(each * batchSize),
    0,
  );
  return bytes <= MAX_SLOT_BYTES ? bytes : Number.POSITIVE_INFINITY;
}

/** Rows [first, first + count) of the images. */
export const imageRows = (
  slot: SharedArrayBuffer,
  { type, imageValues }: SlotLayout,
  first: number,
  count: number,
): PixelData => viewPixels(type, slot, first * imageValues * bytesOf(type), count * imageValues);

/** Rows [first, first + count) of every target. */
export function targetRows(slot: SharedArrayBuffer, layout: SlotLayout, first: number, count: number): TargetArrays {
  return Object.fromEntries(
    layout.targets.map(({ name, spec, offset, elements }) => {
      const start = offset + first * elements * 4;
      return [
        name,
        spec.dtype === 'float32'
          ? new Float32Array(slot, start, count * elements)
          : new Int32Array(slot, start, count * elements),
      ];
    }),
  );
}
