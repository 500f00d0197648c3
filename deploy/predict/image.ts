import type { Pixels } from '../../datasets/sample.js';
import { messageOf, ShapeError } from '../../engine/errors.js';
import { decodeBlob, type MemoryImage, pixelsOf } from '../../training/imageSource.js';

/** An image: its address, its file, the bytes of its file, or an image in memory. */
export type ImageSource = string | URL | Blob | Uint8Array | ArrayBuffer | MemoryImage;

/**
 * The pixels of an image, decoded by the browser.
 *
 * @param isDeep whether they are wanted at their own depth: browsers decode to 8 bits, so these come as pixels
 * @throws ShapeError when it is none or cannot be fetched, or is to be decoded at its own depth
 */
export async function readImage(image: ImageSource, isDeep: boolean): Promise<Pixels> {
  if (isDeep && !(typeof image === 'object' && 'data' in image && !(image.data instanceof Uint8ClampedArray)))
    throw new ShapeError(
      'the network takes images at their own depth, and browsers decode to 8 bits of RGB: pass { data, width, height }',
    );
  if (image instanceof Blob) return decodeBlob(image);
  if (image instanceof Uint8Array || image instanceof ArrayBuffer) return decodeBlob(new Blob([image as BlobPart]));
  if (typeof image === 'string' || image instanceof URL) return decodeBlob(await fetched(image));
  return pixelsOf(image);
}

/** The file of an image at an address. @throws ShapeError when the server has none */
export async function fetched(address: string | URL): Promise<Blob> {
  const response = await fetch(address).catch((error: unknown) => {
    throw new ShapeError(`${address} cannot be fetched (${messageOf(error)})`);
  });
  if (response.ok) return response.blob();
  throw new ShapeError(`${address} cannot be fetched: the server answers ${response.status} ${response.statusText}`);
}
