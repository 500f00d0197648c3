import { NO_VALUE, rgbOp } from './op.js';
import { lookUp } from './tables.js';

export const invert = rgbOp(NO_VALUE, (canvas) => lookUp(canvas, (value) => 255 - value));
