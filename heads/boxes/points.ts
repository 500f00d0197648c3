import { type FeatureSpec, type Level, levelsOf, mapSize } from '../../backbones/features.js';

/** Where the places of all maps lie; plain data, so that loader workers can make the same ones. */
export interface PointConfig {
  /** Grid of each map, finest first: cells, and pixels of the input per cell. */
  readonly grids: readonly { readonly height: number; readonly width: number; readonly stride: number }[];
}

/** The maps of a pyramid for an input of [height, width] pixels. */
export const gridsOf = <L extends Level>(
  features: FeatureSpec<L>,
  inputSize: readonly [height: number, width: number],
): PointConfig['grids'] =>
  levelsOf(features).map((level) => {
    const [height, width] = mapSize(features[level], ...inputSize);
    return { height, width, stride: features[level].stride };
  });

/** Places of all maps: A of them. */
export const countPoints = ({ grids }: PointConfig): number =>
  grids.reduce((sum, { height, width }) => sum + height * width, 0);

/**
 * Middles of the cells of all maps in the order of the network's outputs: level, y, x.
 *
 * @returns [A, 3] float32: x, y, pixels of the input; pixels per cell
 * @source Tian et al. 2019, arXiv:1904.01355, section 3.1
 */
export function createPoints(config: PointConfig): Float32Array {
  const points = new Float32Array(countPoints(config) * 3);
  let at = 0;
  for (const { height, width, stride } of config.grids) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        points[at++] = (x + 0.5) * stride;
        points[at++] = (y + 0.5) * stride;
        points[at++] = stride;
      }
    }
  }
  return points;
}
