import { drawDeformation } from '../deformation.js';
import type { BendingOp } from './op.js';

/** @source Ronneberger et al. 2015, arXiv:1505.04597, 3.1 */
export const elastic: BendingOp = {
  kind: 'bending',
  value: 'standard deviation of the moves of 3 x 3 points, pixels of the input',
  limits: [0, 100],
  field: drawDeformation,
};
