import {
  type BackboneArch,
  countParameters,
  createBackbone,
  namedArchitecture,
  type OwnArchitecture,
} from '../../backbones/index.js';
import { withoutValues } from '../../engine/shapes/shapes.js';
import { createModel, type ModelConfig } from '../../heads/index.js';

/**
 * Parameters of a feature extractor, stem and all stages, for RGB images. Counted by building it without values, so that the
 * largest networks cost nothing.
 */
export function countBackbone(arch: BackboneArch | OwnArchitecture): number {
  return withoutValues(() => {
    const backbone = createBackbone({ arch: typeof arch === 'string' ? namedArchitecture(arch) : arch });
    const count = countParameters(backbone);
    backbone.dispose();
    return count;
  }).result;
}

/** Parameters of a whole network, counted as those of a backbone. */
export function countModel(config: ModelConfig, classes: number): number {
  return withoutValues(() => {
    const { model } = createModel(config, { classes });
    const count = countParameters(model);
    model.dispose();
    return count;
  }).result;
}
