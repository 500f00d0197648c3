import { architectureFromConfig, architectureOf } from '../backbones/index.js';
import { EspalierError } from '../engine/errors.js';
import { withoutValues } from '../engine/shapes/shapes.js';
import { createModel, headOf, TASKS } from '../heads/index.js';
import type { Problem } from './problem.js';
import type { Experiment } from './schema.js';

/** Networks that cannot be had: a head of another task, an input that the backbone does not take. */
export function checkModel(experiment: Experiment): readonly Problem[] {
  return [...checkTask(experiment), ...checkSize(experiment)];
}

function checkTask({ task, model }: Experiment): Problem[] {
  const found = headOf(model.head).task.name;
  if (found === task) return [];
  const message = `task ${task} needs a head such as ${TASKS[task].head}, not ${model.head.kind}, which is for ${found}`;
  return [{ path: ['model', 'head'], message }];
}

/** Sides that are no multiples of the coarsest stride, and backbones of one size of image. */
function checkSize({ model, augment, ...experiment }: Experiment): Problem[] {
  const { arch } = model.backbone;
  const { isFixed, inputPixels } = architectureOf(architectureFromConfig(model.backbone));
  const { task } = headOf(model.head);
  if (!isFixed) {
    return model.inputSize.flatMap((side, index) => {
      if (side % 32 === 0) return [];
      const near = Math.max(32, Math.round(side / 32) * 32);
      const message = `input sides are multiples of 32 pixels: ${near} instead of ${side}`;
      return [{ path: ['model', 'inputSize', String(index)], message }];
    });
  }
  const only = `${arch} takes images of ${inputPixels} x ${inputPixels} pixels alone`;
  const problems: Problem[] = [];
  if (model.inputSize.some((side) => side !== inputPixels)) {
    const message = `${only}: write inputSize: [${inputPixels}, ${inputPixels}]`;
    problems.push({ path: ['model', 'inputSize'], message });
  }
  if ((augment.fit ?? TASKS[experiment.task].augmentation.fit) !== 'letterbox' && task.isFullyConvolutional) {
    problems.push({ path: ['augment', 'fit'], message: `${only}: write fit: letterbox` });
  }
  return problems;
}

/** Parts that do not fit each other: builds the network without values, for as many classes as the config names. */
export function checkParts({ model, data }: Experiment): Problem[] {
  const { inputSize, backbone, neck, head } = model;
  const classes = Math.max(2, data.classes.length);
  try {
    withoutValues(() => createModel({ inputSize, backbone, neck, head }, { classes }));
    return [];
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return [{ path: ['model'], message: `${backbone.arch}: ${error.message}` }];
  }
}
