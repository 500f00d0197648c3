/**
 * EfficientDet D0-D7x and Lite0-Lite4 as data. Rows: Tan et al. 2020, arXiv:1911.09070, table 1, and the configuration
 * of its release (google/automl, hparams_config.py); D6 and above and the lite networks sum without weights.
 */

import type { Architecture } from '../backbones/family.js';
import type { BackboneArch } from '../backbones/index.js';
import type { Activation } from '../backbones/layers/index.js';
import { keysOf } from '../engine/checked.js';
import type { BiFPNConfig } from '../necks/index.js';

const P3_P7 = ['P3', 'P4', 'P5', 'P6', 'P7'] as const;
const P3_P8 = [...P3_P7, 'P8'] as const;

/** One EfficientDet: a network's config. Variants are spreads: `{ ...preset, neck: { ...preset.neck, channels: 96 } }`. */
const detector = <Arch extends BackboneArch>(
  arch: Arch,
  pixels: number,
  channels: number,
  cells: number,
  depth: number,
  fusion: BiFPNConfig['fusion'],
  activation: Activation,
  anchorScale: number,
  levels: typeof P3_P7 | typeof P3_P8,
) =>
  ({
    inputSize: [pixels, pixels],
    backbone: { arch },
    neck: { kind: 'bifpn', levels, channels, repeats: cells, fusion, activation },
    head: { kind: 'retina', repeats: depth, activation, anchors: { anchorScale } },
  }) as const;

// biome-ignore format: a table
export const PRESETS = {
  //                                arch                   pixels channels cells depth fusion  activation anchors levels
  'efficientdet-d0':     detector('tf_efficientnet_b0',     512,   64,     3,    3,   'fast', 'swish',   4,      P3_P7),
  'efficientdet-d1':     detector('tf_efficientnet_b1',     640,   88,     4,    3,   'fast', 'swish',   4,      P3_P7),
  'efficientdet-d2':     detector('tf_efficientnet_b2',     768,  112,     5,    3,   'fast', 'swish',   4,      P3_P7),
  'efficientdet-d3':     detector('tf_efficientnet_b3',     896,  160,     6,    4,   'fast', 'swish',   4,      P3_P7),
  'efficientdet-d4':     detector('tf_efficientnet_b4',    1024,  224,     7,    4,   'fast', 'swish',   4,      P3_P7),
  'efficientdet-d5':     detector('tf_efficientnet_b5',    1280,  288,     7,    4,   'fast', 'swish',   4,      P3_P7),
  'efficientdet-d6':     detector('tf_efficientnet_b6',    1280,  384,     8,    5,   'sum',  'swish',   4,      P3_P7),
  'efficientdet-d7':     detector('tf_efficientnet_b6',    1536,  384,     8,    5,   'sum',  'swish',   5,      P3_P7),
  'efficientdet-d7x':    detector('tf_efficientnet_b7',    1536,  384,     8,    5,   'sum',  'swish',   4,      P3_P8),
  'efficientdet-lite0':  detector('tf_efficientnet_lite0',  320,   64,     3,    3,   'sum',  'relu6',   3,      P3_P7),
  'efficientdet-lite1':  detector('tf_efficientnet_lite1',  384,   88,     4,    3,   'sum',  'relu6',   3,      P3_P7),
  'efficientdet-lite2':  detector('tf_efficientnet_lite2',  448,  112,     5,    3,   'sum',  'relu6',   3,      P3_P7),
  'efficientdet-lite3':  detector('tf_efficientnet_lite3',  512,  160,     6,    4,   'sum',  'relu6',   4,      P3_P7),
  'efficientdet-lite3x': detector('tf_efficientnet_lite3',  640,  200,     6,    4,   'sum',  'relu6',   3,      P3_P7),
  'efficientdet-lite4':  detector('tf_efficientnet_lite4',  640,  224,     7,    4,   'sum',  'relu6',   4,      P3_P7),
} as const;

export type PresetName = keyof typeof PRESETS;
export type Preset = (typeof PRESETS)[PresetName];
export const PRESET_NAMES = keysOf(PRESETS);

/** Whether there is a preset of this name. */
export const isPresetName = (name: unknown): name is PresetName => PRESET_NAMES.some((preset) => preset === name);

/** The smallest EfficientDet of the kind: the lite ones are for networks that are quantised later, whose activation is relu6. */
export function presetFor({ activation }: Pick<Architecture, 'activation'>) {
  return activation === 'relu6' ? PRESETS['efficientdet-lite0'] : PRESETS['efficientdet-d0'];
}
