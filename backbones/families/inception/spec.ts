/** A convolution with its norm and ReLU; without padding where it has a stride. */
export interface ConvolutionStep {
  readonly name: string;
  readonly kernel: number | readonly [height: number, width: number];
  readonly channels: number;
  readonly stride: number;
}
/** `mean`: 3x3 at stride 1. `max`: 3x3 at stride 2. A list: convolutions on the same map, joined. */
export type Step = ConvolutionStep | 'mean' | 'max' | readonly ConvolutionStep[];
/** Branches on the same map, joined. */
export interface ModuleRow {
  readonly name: string;
  readonly stride: 1 | 2;
  readonly branches: readonly (readonly Step[])[];
}

const conv = (name: string, kernel: ConvolutionStep['kernel'], channels: number, stride = 1): ConvolutionStep => ({
  name,
  kernel,
  channels,
  stride,
});

// biome-ignore format: a table
/** 5x5 and twice 3x3. @source Szegedy et al. 2016, figure 5 */
const small = (name: string, pool: number): ModuleRow => ({ name, stride: 1, branches: [
  [conv('branch1x1', 1, 64)],
  [conv('branch5x5_1', 1, 48), conv('branch5x5_2', 5, 64)],
  [conv('branch3x3dbl_1', 1, 64), conv('branch3x3dbl_2', 3, 96), conv('branch3x3dbl_3', 3, 96)],
  ['mean', conv('branch_pool', 1, pool)],
] });

// biome-ignore format: a table
/** 7x7 as 1x7 and 7x1, once and twice. @source the same, figure 6 */
const factorized = (name: string, inner: number): ModuleRow => ({ name, stride: 1, branches: [
  [conv('branch1x1', 1, 192)],
  [conv('branch7x7_1', 1, inner), conv('branch7x7_2', [1, 7], inner), conv('branch7x7_3', [7, 1], 192)],
  [conv('branch7x7dbl_1', 1, inner), conv('branch7x7dbl_2', [7, 1], inner), conv('branch7x7dbl_3', [1, 7], inner),
   conv('branch7x7dbl_4', [7, 1], inner), conv('branch7x7dbl_5', [1, 7], 192)],
  ['mean', conv('branch_pool', 1, 192)],
] });

// biome-ignore format: a table
/** 3x3 as 1x3 beside 3x1. @source the same, figure 7 */
const wide = (name: string): ModuleRow => ({ name, stride: 1, branches: [
  [conv('branch1x1', 1, 320)],
  [conv('branch3x3_1', 1, 384), [conv('branch3x3_2a', [1, 3], 384), conv('branch3x3_2b', [3, 1], 384)]],
  [conv('branch3x3dbl_1', 1, 448), conv('branch3x3dbl_2', 3, 384),
   [conv('branch3x3dbl_3a', [1, 3], 384), conv('branch3x3dbl_3b', [3, 1], 384)]],
  ['mean', conv('branch_pool', 1, 192)],
] });

/** Inception-v3 as data; a level a row. Rows: Szegedy et al. 2016, arXiv:1512.00567, table 1, and its released weights. */
// biome-ignore format: a table
export const STAGES: readonly (readonly ModuleRow[])[] = [
  [small('Mixed_5b', 32), small('Mixed_5c', 64), small('Mixed_5d', 64)],
  [{ name: 'Mixed_6a', stride: 2, branches: [
     [conv('branch3x3', 3, 384, 2)],
     [conv('branch3x3dbl_1', 1, 64), conv('branch3x3dbl_2', 3, 96), conv('branch3x3dbl_3', 3, 96, 2)],
     ['max'],
   ] },
   factorized('Mixed_6b', 128), factorized('Mixed_6c', 160), factorized('Mixed_6d', 160), factorized('Mixed_6e', 192)],
  [{ name: 'Mixed_7a', stride: 2, branches: [
     [conv('branch3x3_1', 1, 192), conv('branch3x3_2', 3, 320, 2)],
     [conv('branch7x7x3_1', 1, 192), conv('branch7x7x3_2', [1, 7], 192), conv('branch7x7x3_3', [7, 1], 192),
      conv('branch7x7x3_4', 3, 192, 2)],
     ['max'],
   ] },
   wide('Mixed_7b'), wide('Mixed_7c')],
];

/** Convolutions before them, without padding where it says so. */
// biome-ignore format: a table
export const STEM = [
  [{ ...conv('Conv2d_1a_3x3', 3, 32, 2), padding: 0 }, { ...conv('Conv2d_2a_3x3', 3, 32), padding: 0 },
   { ...conv('Conv2d_2b_3x3', 3, 64), padding: 1 }],
  [{ ...conv('Conv2d_3b_1x1', 1, 80), padding: 0 },    { ...conv('Conv2d_4a_3x3', 3, 192), padding: 0 }],
] as const;
export const EPSILON = 1e-3;

/** What the releases do differently. */
export interface Flavour {
  /** Norms have a scale. */
  readonly hasScale: boolean;
  /** The mean inside a module counts cells beyond the edge as zeros. */
  readonly countPadding: boolean;
}
export const FLAVOURS = {
  inception_v3: { hasScale: true, countPadding: true },
  keras_inception_v3: { hasScale: false, countPadding: false },
} as const satisfies { readonly [arch: string]: Flavour };
export type InceptionArch = keyof typeof FLAVOURS;
