import { decodeImage } from './decode/decodeImage.js';
import { readImageSize } from './decode/header.js';
import type { Verifier } from './verified.js';
import type { WarningList } from './warnings.js';

/**
 * Size of an image of a data set, which is decoded once, so that a damaged one is found before the work starts. What its 8-bit pixels will not show is noted: images of deeper samples are decoded for
 * it, since no header knows their range, and TIFFs with alpha, which may be near infrared.
 *
 * @param id of the image, for warnings
 * @throws DataError as readImageSize and decodeImage
 */
export async function surveyImage(
  file: string,
  id: string,
  warnings: WarningList,
  verifier: Verifier,
): Promise<{ readonly width: number; readonly height: number }> {
  const known = await verifier.sizeOf(file);
  if (known) return known;
  const { width, height, samples, alpha, notes } = await readImageSize(file);
  if (samples === 'uint8' && !alpha) {
    await verifier.verify(file, notes.length > 0 ? null : { width, height });
    for (const note of notes) warnings.notePixels(note, id);
  } else await decodeImage(file, { onNote: (note) => warnings.notePixels(note, id) });
  return { width, height };
}
