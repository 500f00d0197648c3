import { classification } from './classification.js';
import { detection } from './detection.js';
import { instances } from './instances.js';
import { panoptic } from './panoptic.js';
import { segmentation } from './segmentation.js';

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

/** Every task there is, by its name in configs. */
export const TASKS = { detection, instances, panoptic, segmentation, classification } as const;
export type TaskName = keyof typeof TASKS;
export const TASK_NAMES = Object.keys(TASKS) as readonly TaskName[];
