import type { GeometricOp } from './op.js';

/** About the middle. */
export const zoom: GeometricOp = {
  kind: 'geometric',
  value: 'factor on the size of what is seen',
  limits: [0.1, 10],
  map: (factor, { width, height }) => [factor, 0, ((1 - factor) * width) / 2, 0, factor, ((1 - factor) * height) / 2],
};
