import { boxAt } from '../../datasets/boxAt.js';
import type { AnchorAudit } from '../definition.js';
import type { AnchorConfig } from './anchors.js';
import type { RetinaConfig } from './config.js';

/** Sides of the smallest anchor, in cells, that are tried, and by how many more boxes another must fit. */
const [SCALES, GAIN] = [[1, 1.5, 2, 2.5, 3, 4, 5, 6, 8], 0.05];

/**
 * How well anchors fit boxes, and the scale that fits more of them.
 *
 * @param strides pixels of a cell of each level
 * @param boxes   [M, 4] x1 y1 x2 y2, input pixels
 */
export function auditAnchors(
  anchors: RetinaConfig['anchors'],
  inputSize: AnchorConfig['inputSize'],
  strides: readonly number[],
  boxes: Float64Array,
): AnchorAudit {
  const threshold = anchors.matchThreshold;
  const grids = strides.map((stride) => inputSize.map((side) => Math.ceil(side / stride)) as [number, number]);
  const iousAt = (anchorScale: number): Float64Array =>
    bestAnchorIous({ ...anchors, anchorScale, inputSize, grids }, boxes);
  const shareOf = (ious: Float64Array): number => ious.filter((iou) => iou >= threshold).length / ious.length;
  const ious = iousAt(anchors.anchorScale);
  const tried = SCALES.map((anchorScale) => ({
    settings: { anchors: { anchorScale } },
    share: shareOf(iousAt(anchorScale)),
  }));
  const best = tried.reduce((a, b) => (b.share > a.share ? b : a));
  return { ious, threshold, better: best.share >= shareOf(ious) + GAIN ? best : null };
}

/**
 * Largest IoU of an anchor with each box: how well the sizes and shapes of anchors fit what is to be found. On every
 * level the anchors at the cell nearest to the centre of the box overlap it most, so that only those are looked at.
 *
 * @param boxes [M, 4] x1 y1 x2 y2, input pixels
 * @returns     [M] 0..1
 */
export function bestAnchorIous(config: AnchorConfig, boxes: Float64Array): Float64Array {
  const { inputSize, grids, anchorScale, scalesPerOctave, aspects } = config;
  const best = new Float64Array(boxes.length / 4);
  for (let m = 0; m < best.length; m++) {
    const [x1, y1, x2, y2] = boxAt(boxes, m);
    for (const [rows, columns] of grids) {
      const [cellHeight, cellWidth] = [inputSize[0] / rows, inputSize[1] / columns];
      const x = nearest((x1 + x2) / 2, cellWidth, columns);
      const y = nearest((y1 + y2) / 2, cellHeight, rows);
      for (let octave = 0; octave < scalesPerOctave; octave++) {
        const side = (anchorScale * 2 ** (octave / scalesPerOctave)) / 2;
        for (const [widthFactor, heightFactor] of aspects) {
          const [halfWidth, halfHeight] = [side * cellWidth * widthFactor, side * cellHeight * heightFactor];
          const width = Math.min(x2, x + halfWidth) - Math.max(x1, x - halfWidth);
          const height = Math.min(y2, y + halfHeight) - Math.max(y1, y - halfHeight);
          if (width <= 0 || height <= 0) continue;
          const union = (x2 - x1) * (y2 - y1) + 4 * halfWidth * halfHeight - width * height;
          best[m] = Math.max(best[m]!, (width * height) / union);
        }
      }
    }
  }
  return best;
}

/** Centre of the cell that is nearest to a position. */
const nearest = (position: number, cell: number, cells: number): number =>
  (Math.min(cells - 1, Math.max(0, Math.floor(position / cell))) + 0.5) * cell;
