/** Every task there is, as configs name it. */
export const TASK_NAMES = ['detection', 'instances', 'panoptic', 'segmentation', 'classification'] as const;
export type TaskName = (typeof TASK_NAMES)[number];
