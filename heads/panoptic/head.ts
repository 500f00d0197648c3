import * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import { type FeatureMaps, type FeatureSpec, type Level, levelsOf } from '../../backbones/features.js';
import { readSettings } from '../../backbones/settings.js';
import type { Panoptic } from '../../datasets/sample.js';
import { ConfigError } from '../../engine/errors.js';
import type { HeadSetting } from '../definition.js';
import type { Head } from '../head.js';
import { createInstanceHead, instanceEncoderConfig } from '../instance/head.js';
import type { InstanceRaw } from '../instance/loss.js';
import type { LossTerms } from '../losses/term.js';
import { createSemanticHead } from '../semantic/head.js';
import type { SemanticRaw } from '../semantic/loss.js';
import { panopticConfig } from './config.js';
import { ownClass, type PanopticEncoderConfig, type PanopticTargets } from './encoder.js';
import { mergePanoptic } from './merge.js';

/** Levels that classes are predicted from, the finest. */
const MERGED = 3;

/** Outputs of the head. */
export type PanopticRaw = InstanceRaw & { readonly semantic: SemanticRaw };

/** The config's settings, and what the data decide; settings left out have the config's defaults. */
export type PanopticOptions = HeadSetting & Omit<z.input<typeof panopticConfig>, 'kind'>;

/**
 * Objects and regions without objects at once: the head `instance` for the former, the head `semantic` for the latter, on the same
 * pyramid, with their parameters; in the branch of classes all objects are one.
 *
 * @param features `neck.features`: maps of equal width
 * @throws ConfigError where all classes have objects, or none has
 * @source Kirillov et al. 2019, arXiv:1901.02446, section 3
 */
export function createPanopticHead<In extends Level>(
  { classes, things: given, inputSize, ...settings }: PanopticOptions,
  features: FeatureSpec<In>,
): Head<In, PanopticRaw, PanopticTargets, Panoptic> {
  const options = readSettings(panopticConfig, { ...settings, kind: 'panoptic' }, 'panoptic head');
  const things = requireBoth(classes, given);
  const { stuff, merge, kind: _, ...own } = options;
  const objects = createInstanceHead({ ...own, classes: things, inputSize }, features);
  const levels = levelsOf(features).slice(0, MERGED);
  const finest = Object.fromEntries(levels.map((level) => [level, features[level]])) as FeatureSpec<In>;
  try {
    const { channels, loss, weight } = stuff;
    const { activation, frozen, seed } = own;
    const branch = createSemanticHead(
      { channels, loss, activation, frozen, seed, classes: classes - things + 1, inputSize },
      finest,
    );
    return {
      inputs: features,
      parameters: new Map([...objects.parameters, ...branch.parameters]),
      dispose: () => {
        objects.dispose();
        branch.dispose();
      },
      forward: (maps, pass, pixels) =>
        tf.tidy(() => ({
          ...objects.forward(maps, pass, pixels),
          semantic: branch.forward(maps as FeatureMaps<In>, pass),
        })),
      ...(objects.exported?.reading.kind === 'instances' && {
        exported: {
          outputs: ({ semantic, ...raw }: PanopticRaw) => ({ ...objects.exported?.outputs(raw), semantic }),
          reading: { ...objects.exported.reading, kind: 'panoptic' as const, covered: inputSize, things, merge },
        },
      }),
      loss: ({ semantic, ...raw }, targets, progress) => ({
        ...objects.loss(raw, targets, progress),
        ...weighted(branch.loss(semantic, targets, progress), weight),
      }),
      decode: async ({ semantic, ...raw }, placements) => {
        const [found, maps] = await Promise.all([objects.decode(raw, placements), branch.decode(semantic, placements)]);
        return found.map((instances, i) => {
          const map = maps[i]!;
          return mergePanoptic(instances, { ...map, mask: map.mask.map((label) => ownClass(label, things)) }, merge);
        });
      },
    };
  } catch (error) {
    objects.dispose();
    throw error;
  }
}

/** What the head's encoder is made from: plain data. */
export function panopticEncoderConfig<L extends Level>(
  options: z.output<typeof panopticConfig>,
  features: FeatureSpec<L>,
  { classes, things: given, inputSize }: HeadSetting,
): PanopticEncoderConfig {
  const things = requireBoth(classes, given);
  const distances = options.stuff.loss.boundary.weight > 0 ? classes - things + 1 : 0;
  return {
    instance: instanceEncoderConfig(options, features, inputSize),
    semantic: { inputSize, distances },
    things,
  };
}

function weighted(terms: LossTerms, factor: number): LossTerms {
  return Object.fromEntries(
    Object.entries(terms).map(([name, term]) => [name, { ...term, weight: term.weight * factor }]),
  );
}

/** The number of classes that have objects; all but one where nothing says how many. */
function requireBoth(classes: number, things = classes - 1): number {
  if (things > 0 && things < classes) return things;
  throw new ConfigError(
    `panoptic head: ${things} of ${classes} classes have objects: with all of them learn instances, with none segmentation`,
  );
}
