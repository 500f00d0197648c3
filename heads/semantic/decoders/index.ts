import * as z from 'zod';
import type { FeatureSpec, Level } from '../../../backbones/features.js';
import type { Parameters } from '../../../backbones/parameters.js';
import { keysOf } from '../../../engine/checked.js';
import type { Decoder, DecoderContext, DecoderDefinition } from './decoder.js';
import { deepLabV3 } from './deeplabv3.js';
import { deepLabV3Plus } from './deeplabv3plus.js';
import { fpn } from './fpn.js';
import { linknet } from './linknet.js';
import { lraspp } from './lraspp.js';
import { manet } from './manet.js';
import { pan } from './pan.js';
import { pspNet } from './pspnet.js';
import { segformerMlp } from './segformerMlp.js';
import { unet } from './unet.js';
import { unetPlusPlus } from './unetplusplus.js';
import { uperNet } from './upernet.js';

export type { Decoded, Decoder, DecoderContext, DecoderDefinition } from './decoder.js';

/** Every semantic decoder there is, by the `kind` of its config. */
export const DECODERS = {
  unet,
  unetplusplus: unetPlusPlus,
  fpn,
  deeplabv3: deepLabV3,
  deeplabv3plus: deepLabV3Plus,
  pspnet: pspNet,
  pan,
  linknet,
  manet,
  upernet: uperNet,
  'segformer-mlp': segformerMlp,
  lraspp,
} as const;
export type DecoderKind = keyof typeof DECODERS;
export const DECODER_KINDS = keysOf(DECODERS);

type AnyDecoderConfig = (typeof DECODERS)[DecoderKind]['config'];
/** Every decoder as a config file writes it. */
export const decoderConfig = z.discriminatedUnion(
  'kind',
  Object.values(DECODERS).map(({ config }) => config) as unknown as readonly [AnyDecoderConfig, ...AnyDecoderConfig[]],
);
export type DecoderConfig = z.infer<typeof decoderConfig>;

/**
 * The maps that a decoder reads, finest first: what to ask a backbone for.
 *
 * @param features maps that the backbone can give
 * @throws ShapeError when a map that it needs is not among them
 */
export function decoderLevels(config: DecoderConfig, features: Partial<FeatureSpec>): readonly Level[] {
  const { reads }: DecoderDefinition = DECODERS[config.kind];
  return reads(features, config);
}

/**
 * Builds the decoder that a config describes on a backbone's features; its parameters are created in `parameters`.
 *
 * @throws ShapeError when the backbone lacks a map, ConfigError for settings that do not fit each other
 */
export function createDecoder(
  config: DecoderConfig,
  context: DecoderContext,
  features: Partial<FeatureSpec>,
  parameters: Parameters,
): Decoder {
  const { create }: DecoderDefinition = DECODERS[config.kind];
  return create(features, { ...config, ...context }, parameters);
}
