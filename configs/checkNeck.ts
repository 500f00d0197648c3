import { architectureOf, type BackboneArch, isBackboneArch, type Level } from '../backbones/index.js';
import { EspalierError } from '../engine/errors.js';
import { withoutValues } from '../engine/shapes/shapes.js';
import { createPyramid, PRESETS, SEGMENTER_LEVELS } from '../heads/index.js';
import type { Problem } from './problem.js';
import type { Experiment } from './schema.js';

/** Necks that cannot be had: beside a preset, with keys of another neck, or on maps that they cannot be made from. */
export function checkNeck(experiment: Experiment): readonly Problem[] {
  const { preset, backbone, neck, neckRepeats } = experiment.model;
  const problems: Problem[] = [];
  if (preset !== null && neck !== 'bifpn') {
    problems.push({ path: ['model', 'neck'], message: `presets have a bifpn: name a backbone instead of ${preset}` });
  }
  if (neck !== 'bifpn' && neckRepeats !== null) {
    const message = `'neckRepeats' counts the cells of a bifpn, ${neck} has none: remove it`;
    problems.push({ path: ['model', 'neckRepeats'], message });
  }
  if (backbone === null || !isBackboneArch(backbone) || problems.length > 0) return problems;
  return [...checkSize(experiment, backbone), ...checkLevels(experiment, backbone)];
}

/** Backbones of one size of image. */
function checkSize({ task, model, augment }: Experiment, arch: BackboneArch): Problem[] {
  const { isFixed, inputPixels } = architectureOf(arch);
  if (!isFixed) return [];
  const problems: Problem[] = [];
  const only = `${arch} takes images of ${inputPixels} x ${inputPixels} pixels alone`;
  const isOther = model.inputSize === null ? task === 'segmentation' : model.inputSize.some((p) => p !== inputPixels);
  if (isOther) {
    const path = model.inputSize === null ? ['model'] : ['model', 'inputSize'];
    problems.push({ path, message: `${only}: write inputSize: [${inputPixels}, ${inputPixels}]` });
  }
  if (task === 'segmentation' && augment.fit !== 'letterbox') {
    problems.push({ path: ['augment', 'fit'], message: `${only}: write fit: letterbox` });
  }
  return problems;
}

/** Builds backbone and neck without values. */
function checkLevels({ task, model }: Experiment, arch: BackboneArch): Problem[] {
  const levels: readonly Level[] =
    task === 'detection' ? PRESETS['efficientdet-d0'].levels : SEGMENTER_LEVELS[model.outputStride];
  const neck = { kind: model.neck, levels };
  try {
    withoutValues(() => createPyramid({ arch, neck, frozen: 'none', inChannels: 3, dropPath: 0, seed: 1 }));
    return [];
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return [{ path: ['model', 'neck'], message: `${arch}: ${error.message}` }];
  }
}
