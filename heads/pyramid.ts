import {
  architectureOf,
  type Backbone,
  type BackboneArch,
  createBackbone,
  type Frozen,
  featuresOf,
  type Level,
  type LevelsOf,
  levelsOf,
} from '../backbones/index.js';
import { createNeck, NECKS, type Neck, type NeckKind, type NeckSettings, neckConfigOf } from '../necks/index.js';

export interface PyramidOptions {
  readonly arch: BackboneArch;
  readonly neck: Omit<NeckSettings, 'seed'> & { readonly kind: NeckKind };
  readonly frozen: Frozen;
  readonly inChannels: number;
  readonly dropPath: number;
  readonly seed: number;
}

/**
 * A backbone with the maps that its neck reads, and the neck on them.
 *
 * @throws ConfigError for settings out of range, ShapeError when the neck cannot make its levels of the backbone's maps
 */
export function createPyramid({ arch, neck: { kind, ...settings }, ...options }: PyramidOptions): {
  readonly backbone: Backbone<Level>;
  readonly neck: Neck;
} {
  const offered = levelsOf(featuresOf(architectureOf(arch).stages));
  const read = NECKS[kind].reads(settings.levels, offered);
  const levels = (read.length > 0 ? read : offered) as readonly LevelsOf<BackboneArch>[];
  const backbone = createBackbone({ arch, levels, ...options }) as unknown as Backbone<Level>; // which levels: known at run time
  try {
    const neck = createNeck(neckConfigOf(kind, { ...settings, seed: options.seed }), backbone.features);
    return { backbone, neck };
  } catch (error) {
    backbone.dispose();
    throw error;
  }
}
