import { autocontrast } from './autocontrast.js';
import { blur } from './blur.js';
import { brightness } from './brightness.js';
import { color } from './color.js';
import { contrast } from './contrast.js';
import { boxCutout, cutout } from './cutout.js';
import { elastic } from './elastic.js';
import { equalize } from './equalize.js';
import { flipX, flipY } from './flip.js';
import { gain } from './gain.js';
import { gamma } from './gamma.js';
import { invert } from './invert.js';
import { jpeg } from './jpeg.js';
import { lowResolution } from './lowResolution.js';
import { noise } from './noise.js';
import type { Op } from './op.js';
import { perspective } from './perspective.js';
import { posterize } from './posterize.js';
import { rangeGamma, rangeGammaInverted } from './rangeGamma.js';
import { rotate } from './rotate.js';
import { sharpness } from './sharpness.js';
import { shearX, shearY } from './shear.js';
import { solarize } from './solarize.js';
import { solarizeAdd } from './solarizeAdd.js';
import { stretch } from './stretch.js';
import { translateX, translateY } from './translate.js';
import { zoom } from './zoom.js';

/** Every op that a policy or a config may name. */
export const OPS = {
  rotate,
  shearX,
  shearY,
  translateX,
  translateY,
  perspective,
  zoom,
  elastic,
  flipX,
  flipY,
  brightness,
  contrast,
  color,
  sharpness,
  autocontrast,
  equalize,
  posterize,
  solarize,
  solarizeAdd,
  invert,
  gamma,
  jpeg,
  cutout,
  boxCutout,
  blur,
  noise,
  gain,
  stretch,
  rangeGamma,
  rangeGammaInverted,
  lowResolution,
} satisfies { readonly [name: string]: Op };

export type OpName = keyof typeof OPS;
export const OP_NAMES = Object.keys(OPS) as [OpName, ...OpName[]];

export const opOf = (name: OpName): Op => OPS[name];

/** The first of some ops that changes nothing but 8-bit RGB. */
export const firstRgbOp = (ops: readonly OpName[]): OpName | undefined =>
  ops.find((name) => {
    const op = opOf(name);
    return op.kind === 'pixels' && op.images === 'rgb8';
  });
