/** One convolution: the module it is among `features`, its window, and whether a pooling follows its activation. */
export interface AlexNetRow {
  readonly index: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly channels: number;
}

/** AlexNet as data. Rows: Krizhevsky 2014, arXiv:1404.5997, figure 1, in torchvision's numbers; a stage a line. */
// biome-ignore format: a table
export const STAGES = [
  [{ index: 0,  kernel: 11, stride: 4, padding: 2, channels: 64 }],
  [{ index: 3,  kernel: 5,  stride: 1, padding: 2, channels: 192 }],
  [{ index: 6,  kernel: 3,  stride: 1, padding: 1, channels: 384 },
   { index: 8,  kernel: 3,  stride: 1, padding: 1, channels: 256 },
   { index: 10, kernel: 3,  stride: 1, padding: 1, channels: 256 }],
] as const satisfies readonly (readonly AlexNetRow[])[];
/** After each stage. */
export const POOLING = { window: 3, stride: 2 } as const;
/** Width of the dense layers before the classifier; the first sees 6x6 cells. */
export const TOP = { channels: 4096, cells: 6 } as const;
