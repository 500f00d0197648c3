import { mirrorX, mirrorY } from '../affine.js';
import { type GeometricOp, NO_VALUE } from './op.js';

/** Left and right change places. */
export const flipX: GeometricOp = { ...NO_VALUE, kind: 'geometric', map: (_, { width }) => mirrorX(width) };

/** Top and bottom change places. */
export const flipY: GeometricOp = { ...NO_VALUE, kind: 'geometric', map: (_, { height }) => mirrorY(height) };
