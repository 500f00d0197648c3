/** The process that `measure` starts: one request as its argument, one message as its answer. */
import { EspalierError } from '../engine/errors.js';
import { type MeasureAnswer, type MeasureRequest, measureHere } from './measure.js';

const request = JSON.parse(process.argv[2] ?? '') as MeasureRequest;
const answer = await measureHere(request).then(
  (measurement): MeasureAnswer => ({ measurement }),
  (error: unknown): MeasureAnswer => {
    if (error instanceof EspalierError) return { refused: error.message, kind: error.name };
    throw error;
  },
);
process.send?.(answer, () => process.disconnect());
