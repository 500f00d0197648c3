import * as tf from '@tensorflow/tfjs';
import { BACKBONE_ARCHS, createClassifier, isBackboneArch } from '../../backbones/index.js';
import { didYouMean } from '../../datasets/suggestion.js';
import { ConfigError } from '../../engine/errors.js';
import { createDetector, PRESET_NAMES, PRESETS, type PresetName } from '../../heads/index.js';
import type { GoldenNetwork } from '../../pretrained/golden.js';

/** A network that weights can be made for: a backbone with its classifier, or a preset's detector. */
export interface NamedNetwork {
  readonly network: GoldenNetwork;
  /** Sides of the golden forward's picture. Defaults to the classifiers'. */
  readonly goldenPixels?: number;
}

/** Smallest sides of which every level of a detector has whole cells. */
const DETECTOR_PIXELS = 256;

/** Classes of a network whose names are not told: ImageNet's, or COCO's numbers. */
export const usualClasses = (arch: string): number => (isPreset(arch) ? 90 : 1000);

const isPreset = (arch: string): arch is PresetName => PRESET_NAMES.some((name) => name === arch);

/**
 * Builds the network of a name with random weights; the caller disposes it.
 *
 * @throws ConfigError when there is no such network
 */
export function createNamed(arch: string, classes: number): NamedNetwork {
  if (!isPreset(arch)) {
    return { network: createClassifier({ arch: knownArch(arch, PRESET_NAMES), classes, frozen: 'all', seed: 1 }) };
  }
  const [pixels] = PRESETS[arch].inputSize;
  const inputSize = [DETECTOR_PIXELS, DETECTOR_PIXELS] as const;
  const { model } = createDetector({ preset: arch, classes, inputSize, backbone: { frozen: 'all' } });
  const forward: GoldenNetwork['forward'] = (images, pass) =>
    tf.tidy(() => {
      const outputs = Object.values<tf.Tensor>(model.forward(images, pass));
      return tf.concat(outputs.map((output) => tf.reshape(output, [-1])));
    });
  return { network: { ...model, inputPixels: pixels, forward }, goldenPixels: DETECTOR_PIXELS };
}

/** @throws ConfigError when there is no such backbone */
export function knownArch(arch: string, alsoKnown: readonly string[] = []) {
  if (isBackboneArch(arch)) return arch;
  const known = [...BACKBONE_ARCHS, ...alsoKnown];
  throw new ConfigError(
    `no network is called '${arch}'${didYouMean(arch, known) || `: use one of ${known.join(', ')}`}`,
  );
}
