import { compose, shift } from '../affine.js';
import type { GeometricOp } from './op.js';

/** About the middle. @source Pillow's Image.rotate */
export const rotate: GeometricOp = {
  kind: 'geometric',
  value: 'degrees, counter-clockwise',
  limits: [-180, 180],
  map: (degrees, { width, height }) => {
    const angle = (degrees * Math.PI) / 180;
    const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
    const turned = compose(shift(-width / 2, -height / 2), [cosine, sine, 0, -sine, cosine, 0]);
    return compose(turned, shift(width / 2, height / 2));
  },
};
