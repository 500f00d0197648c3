import type { GeometricOp } from './op.js';

/** About the top left corner. @source timm's auto_augment.py: Pillow's affine transform from the output to the image */
export const shearX: GeometricOp = {
  kind: 'geometric',
  value: 'columns that a row lies further left than the one above',
  limits: [-2, 2],
  map: (factor) => [1, -factor, 0, 0, 1, 0],
};

export const shearY: GeometricOp = {
  kind: 'geometric',
  value: 'rows that a column lies further up than the one before',
  limits: [-2, 2],
  map: (factor) => [1, 0, 0, -factor, 1, 0],
};
