/**
 * Where anchors lie and how large they are; plain data, so that loader workers can make the same ones.
 *
 * @source Lin et al. 2017, arXiv:1708.02002, section 4; sizes and order of the released EfficientDet weights
 */
export interface AnchorConfig {
  /** [height, width] of the network input, pixels. */
  readonly inputSize: readonly [height: number, width: number];
  /** Size of each level's map, cells, finest first. */
  readonly grids: readonly (readonly [height: number, width: number])[];
  /** Side of a level's smallest square anchor, in cells. */
  readonly anchorScale: number;
  /** Sizes per octave: 2 ** (0 / n), 2 ** (1 / n), ... */
  readonly scalesPerOctave: number;
  /** [width, height] factors of each shape. */
  readonly aspects: readonly (readonly [width: number, height: number])[];
}

/** Three sizes of three shapes at each cell. */
export const DEFAULT_ANCHORS = {
  anchorScale: 4,
  scalesPerOctave: 3,
  aspects: [
    [1, 1],
    [1.4, 0.7],
    [0.7, 1.4],
  ],
} as const;

/** Anchors at one cell. */
export function anchorsPerCell(config: Pick<AnchorConfig, 'scalesPerOctave' | 'aspects'>): number {
  return config.scalesPerOctave * config.aspects.length;
}

/** All anchors of an input: A. */
export function countAnchors(config: AnchorConfig): number {
  return config.grids.reduce((sum, [height, width]) => sum + height * width, 0) * anchorsPerCell(config);
}

/**
 * Anchors in the order of the network's outputs: level, y, x, size, shape. A cell is input / grid pixels wide and high,
 * so that cells tile the input exactly also where its side is no multiple of the stride.
 *
 * @returns [A, 4] float32: x1 y1 x2 y2, input pixels; they may leave the input
 */
export function createAnchors(config: AnchorConfig): Float32Array {
  const { inputSize, grids, anchorScale, scalesPerOctave, aspects } = config;
  const anchors = new Float32Array(countAnchors(config) * 4);
  let at = 0;
  for (const [height, width] of grids) {
    const cellHeight = inputSize[0] / height;
    const cellWidth = inputSize[1] / width;
    const halves = halfSizes(anchorScale, scalesPerOctave, aspects, cellWidth, cellHeight);
    for (let y = 0; y < height; y++) {
      const centreY = (y + 0.5) * cellHeight;
      for (let x = 0; x < width; x++) {
        const centreX = (x + 0.5) * cellWidth;
        for (const [halfWidth, halfHeight] of halves) {
          anchors[at++] = centreX - halfWidth;
          anchors[at++] = centreY - halfHeight;
          anchors[at++] = centreX + halfWidth;
          anchors[at++] = centreY + halfHeight;
        }
      }
    }
  }
  return anchors;
}

function halfSizes(
  anchorScale: number,
  scalesPerOctave: number,
  aspects: AnchorConfig['aspects'],
  cellWidth: number,
  cellHeight: number,
): readonly (readonly [number, number])[] {
  const octaves = Array.from({ length: scalesPerOctave }, (_, i) => 2 ** (i / scalesPerOctave));
  return octaves.flatMap((octave) =>
    aspects.map(([widthFactor, heightFactor]) => {
      const half = (anchorScale * octave) / 2;
      return [half * cellWidth * widthFactor, half * cellHeight * heightFactor] as const;
    }),
  );
}
