import { refuseRelativeSearchPaths } from '../../engine/host/environment.js';
import type { Decoder } from './decoder.js';
import { createJsDecoder } from './jsDecoder.js';
import { createSharpDecoder } from './sharpDecoder.js';

let chosen: Promise<Decoder> | undefined;

/**
 * The decoder of this process, chosen at the first call: sharp where it is installed, else (or with
 * ESPALIER_DECODER=js) pure JavaScript, which reads JPEG and PNG only and is several times slower. JPEG pixels of the
 * two differ by 1 to 2 levels, more at sharp colour edges, where libjpeg interpolates subsampled colour.
 *
 * @throws ConfigError where sharp's native code could come from the working folder
 */
export function chooseDecoder(): Promise<Decoder> {
  chosen ??= process.env.ESPALIER_DECODER === 'js' ? Promise.resolve(createJsDecoder()) : sharpOrJs();
  return chosen;
}

async function sharpOrJs(): Promise<Decoder> {
  refuseRelativeSearchPaths();
  try {
    return createSharpDecoder((await import('sharp')).default);
  } catch {
    return createJsDecoder();
  }
}
