/** Every EfficientNet as data; `stages.ts` has the tables that are scaled. */
import { ConfigError } from '../../../engine/errors.js';
import { IMAGENET, type Preprocessing, SYMMETRIC } from '../../backbone.js';
import type { Activation } from '../../layers/index.js';
import { type InvertedSpec, RELEASED, RETRAINED, ROUND_LIMIT, toMultipleOf8 } from '../_inverted/spec.js';
import { STAGES } from './stages.js';

/** What the networks of one generation have in common. */
interface Generation {
  readonly stages: InvertedSpec['stages'];
  /** Before width scaling. */
  readonly stem: number;
  readonly head: number;
  readonly activation: Activation;
  /** Stem and head keep their width, the first and the last stage their repeats. */
  readonly keepsEnds?: boolean;
  /** Limit of rounding down, see `InvertedSpec`. Defaults to 0.9. */
  readonly roundLimit?: number;
}

const FROM_B0 = { stem: 32, head: 1280 } as const;
const FUSED = { stem: 24, head: 1280, activation: 'swish' } as const;
const GENERATIONS = {
  v1: { ...FROM_B0, stages: STAGES.v1, activation: 'swish' },
  lite: { ...FROM_B0, stages: STAGES.lite, activation: 'relu6', keepsEnds: true },
  edgetpu: { ...FROM_B0, stages: STAGES.edgetpu, activation: 'relu' },
  v2base: { ...FROM_B0, stages: STAGES.v2base, activation: 'swish', roundLimit: 0 },
  v2s: { ...FUSED, stages: STAGES.v2s },
  v2m: { ...FUSED, stages: STAGES.v2m },
  v2l: { ...FUSED, stages: STAGES.v2l, stem: 32 },
  v2xl: { ...FUSED, stages: STAGES.v2xl, stem: 32 },
  v2rw: { ...FUSED, stages: STAGES.v2rw, head: 1792 },
} as const satisfies { readonly [name: string]: Generation };

/** 0..255 to about -1..1, as the lite networks were trained. */
const LITE: Preprocessing = { channels: 'RGB', mean: [127, 127, 127], std: [128, 128, 128] };

interface Row {
  readonly generation: keyof typeof GENERATIONS;
  readonly width: number;
  readonly depth: number;
  /** Side of the images it is evaluated on. */
  readonly pixels: number;
  /** Preprocessing of the published weights; those retrained in PyTorch take ImageNet's. */
  readonly preprocessing: Preprocessing;
}
const row = (
  generation: Row['generation'],
  width: number,
  depth: number,
  pixels: number,
  preprocessing: Preprocessing = IMAGENET,
): Row => ({ generation, width, depth, pixels, preprocessing });

/** Compound scaling: Tan & Le 2019; B8 and L2: Xie et al. 2019, arXiv:1911.09665 and arXiv:1911.04252. */
// biome-ignore format: tables
const ROWS = {
  //                generation width depth pixels
  efficientnet_b0:    row('v1',      1.0, 1.0, 224),
  efficientnet_b1:    row('v1',      1.0, 1.1, 240),
  efficientnet_b2:    row('v1',      1.1, 1.2, 260),
  efficientnet_b3:    row('v1',      1.2, 1.4, 300),
  efficientnet_b4:    row('v1',      1.4, 1.8, 380),
  efficientnet_b5:    row('v1',      1.6, 2.2, 456),
  efficientnet_b6:    row('v1',      1.8, 2.6, 528),
  efficientnet_b7:    row('v1',      2.0, 3.1, 600),
  efficientnet_b8:    row('v1',      2.2, 3.6, 672, SYMMETRIC),
  efficientnet_l2:    row('v1',      4.3, 5.3, 800),
  efficientnet_lite0: row('lite',    1.0, 1.0, 224, LITE),
  efficientnet_lite1: row('lite',    1.0, 1.1, 240, LITE),
  efficientnet_lite2: row('lite',    1.1, 1.2, 260, LITE),
  efficientnet_lite3: row('lite',    1.2, 1.4, 280, LITE),
  efficientnet_lite4: row('lite',    1.4, 1.8, 300, LITE),
  efficientnet_es:    row('edgetpu', 1.0, 1.0, 224, SYMMETRIC),
  efficientnet_em:    row('edgetpu', 1.0, 1.1, 240, SYMMETRIC),
  efficientnet_el:    row('edgetpu', 1.2, 1.4, 300, SYMMETRIC),
  efficientnetv2_s:   row('v2s',     1.0, 1.0, 384, SYMMETRIC),
  efficientnetv2_m:   row('v2m',     1.0, 1.0, 480, SYMMETRIC),
  efficientnetv2_l:   row('v2l',     1.0, 1.0, 480, SYMMETRIC),
  efficientnetv2_xl:  row('v2xl',    1.0, 1.0, 512, SYMMETRIC),
} as const satisfies Rows;
const RELEASED_ROWS = {
  tf_efficientnetv2_b0: row('v2base', 1.0, 1.0, 224),
  tf_efficientnetv2_b1: row('v2base', 1.0, 1.1, 240),
  tf_efficientnetv2_b2: row('v2base', 1.1, 1.2, 260),
  tf_efficientnetv2_b3: row('v2base', 1.2, 1.4, 300, SYMMETRIC),
} as const satisfies Rows;
const RETRAINED_ROWS = { efficientnetv2_rw_s: row('v2rw', 1.0, 1.0, 384) } as const satisfies Rows;
type Rows = { readonly [name: string]: Row };

/** `tf_`: as Google released it; without it: as retrained in PyTorch. Names are timm's. */
export type EfficientNetArch =
  | `${'tf_' | ''}${keyof typeof ROWS}`
  | keyof typeof RELEASED_ROWS
  | keyof typeof RETRAINED_ROWS;

const SPECS = new Map(
  [
    ...Object.entries(ROWS).flatMap(([name, entry]) => [released(`tf_${name}`, entry), retrained(name, entry)]),
    ...Object.entries(RELEASED_ROWS).map(([name, entry]) => released(name, entry)),
    ...Object.entries(RETRAINED_ROWS).map(([name, entry]) => retrained(name, entry)),
  ].map((entry) => entry as readonly [EfficientNetArch, InvertedSpec]),
);
export const EFFICIENTNET_ARCHS: readonly EfficientNetArch[] = [...SPECS.keys()];

/** @throws ConfigError when there is no such architecture */
export function efficientNetSpec(arch: EfficientNetArch): InvertedSpec {
  const spec = SPECS.get(arch);
  if (spec) return spec;
  throw new ConfigError(`no EfficientNet is called '${arch}': use one of ${EFFICIENTNET_ARCHS.join(', ')}`);
}

/** B0 scaled by any width and depth, as released. */
export function scaledB0(width: number, depth: number, pixels: number): InvertedSpec {
  return { ...specOf(row('v1', width, depth, pixels)), ...RELEASED };
}

function released(name: string, entry: Row): readonly [string, InvertedSpec] {
  return [name, { ...specOf(entry), ...RELEASED }];
}

function retrained(name: string, entry: Row): readonly [string, InvertedSpec] {
  return [name, { ...specOf(entry), ...RETRAINED, preprocessing: IMAGENET }];
}

function specOf({ generation, width, depth, pixels, preprocessing }: Row): Omit<InvertedSpec, 'padding' | 'epsilon'> {
  const { stem, head, keepsEnds = false, roundLimit = ROUND_LIMIT, ...shared }: Generation = GENERATIONS[generation];
  const scale = (channels: number): number => (keepsEnds ? channels : toMultipleOf8(channels * width, roundLimit));
  return {
    ...shared,
    width,
    depth,
    keepsEnds,
    roundLimit,
    preprocessing,
    inputPixels: pixels,
    stemChannels: scale(stem),
    headChannels: scale(head),
    head: 'map',
    squeeze: { of: 'input', multiple: 1, gate: 'sigmoid' },
  };
}
