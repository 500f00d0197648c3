export { decodeDeep } from './decodeDeep.js';
export { type DecodeImageOptions, decodeImage } from './decodeImage.js';
export { decodeMask, type MaskImage } from './decodeMask.js';
export { encodeIndexedPng, encodeLabelPng, encodePng, encodeStablePng } from './encodePng.js';
export { type ImageHeader, MAX_PIXELS, readImageSize } from './header.js';
export { describePixels, type PixelNote } from './pixelNotes.js';
export { shownImage } from './shown.js';
