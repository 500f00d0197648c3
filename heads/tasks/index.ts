import { classification } from './classification.js';
import { detection } from './detection.js';
import { instances } from './instances.js';
import type { TaskName } from './names.js';
import { panoptic } from './panoptic.js';
import { segmentation } from './segmentation.js';
import type { Task } from './task.js';

export { TASK_NAMES, type TaskName } from './names.js';
export {
  type Described,
  type DescribeOptions,
  defineTask,
  type Overlay,
  type Report,
  type ReportTable,
  type StitchedTile,
  type Stitching,
  type Task,
} from './task.js';
export type { FoundInstance, FoundObject, NamedClass } from './told.js';
export type { Views } from './views.js';

/** Every task there is, by its name in configs. */
export const TASKS = { detection, instances, panoptic, segmentation, classification } as const satisfies {
  readonly [Name in TaskName]: unknown;
};

/** A task whose truth and results are known at run time. */
export const taskNamed = (name: TaskName): Task => TASKS[name] as unknown as Task;
