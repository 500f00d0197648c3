import { shift } from '../affine.js';
import type { GeometricOp } from './op.js';

export const translateX: GeometricOp = {
  kind: 'geometric',
  value: "part of the image's width, to the right",
  limits: [-1, 1],
  map: (part, { whole }) => shift(part * whole.width, 0),
};

export const translateY: GeometricOp = {
  kind: 'geometric',
  value: "part of the image's height, down",
  limits: [-1, 1],
  map: (part, { whole }) => shift(0, part * whole.height),
};
