/** Cells of its level by which coordinates relative to a place are divided. */
export const REACH = 8;
/** Pixels by which coordinates of the grid are divided, so that they are small numbers. */
export const UNIT = 64;

/** Numbers of a mask network of P prototypes: three layers of P, P and 1 channels on the prototypes and two coordinates. */
export const countKernel = (prototypes: number): number =>
  (prototypes + 2) * prototypes + prototypes * prototypes + prototypes + 2 * prototypes + 1;

/** Where the numbers of each layer lie: [from, length]. */
export function partsOf(P: number) {
  const lengths = { first: (P + 2) * P, second: P * P, third: P, firstBias: P, secondBias: P, thirdBias: 1 };
  let from = 0;
  const parts = Object.entries(lengths).map(([name, length]) => {
    from += length;
    return [name, [from - length, length] as const] as const;
  });
  return Object.fromEntries(parts) as {
    readonly [Name in keyof typeof lengths]: readonly [from: number, length: number];
  };
}

/** The place that `placelessKernels` stand for: x, y, pixels per cell. */
export const ORIGIN = [0, 0, UNIT / REACH] as const;

/** Prototypes of one image on the host. */
export interface HostPrototypes {
  /** [height, width, P]. */
  readonly values: Float32Array;
  readonly height: number;
  readonly width: number;
  /** Input pixels between them. */
  readonly stride: number;
  /** Input pixels by which the logit of a pixel lies before it. */
  readonly shift: number;
}

/** What `dynamicMasks` computes, of one place on the host: the logit at one prototype. */
export function hostMask(
  { values, height, width, stride }: Omit<HostPrototypes, 'shift'>,
  kernel: Float32Array,
  [x, y, cell]: readonly [x: number, y: number, cell: number],
): (row: number, column: number) => number {
  const P = values.length / (height * width);
  const parts = partsOf(P);
  const [input, hidden] = [new Float64Array(P + 2), new Float64Array(P)];
  return (row, column) => {
    const from = (row * width + column) * P;
    for (let i = 0; i < P; i++) input[i] = values[from + i]!;
    input[P] = (x - (column + 0.5) * stride) / (REACH * cell);
    input[P + 1] = (y - (row + 0.5) * stride) / (REACH * cell);
    for (let j = 0; j < P; j++) {
      let sum = kernel[parts.firstBias[0] + j]!;
      for (let i = 0; i < P + 2; i++) sum += input[i]! * kernel[i * P + j]!;
      hidden[j] = Math.max(0, sum);
    }
    let logit = kernel[parts.thirdBias[0]]!;
    for (let j = 0; j < P; j++) {
      let sum = kernel[parts.secondBias[0] + j]!;
      for (let i = 0; i < P; i++) sum += hidden[i]! * kernel[parts.second[0] + i * P + j]!;
      logit += Math.max(0, sum) * kernel[parts.third[0] + j]!;
    }
    return logit;
  };
}
