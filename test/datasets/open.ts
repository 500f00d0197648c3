import { type DataConfig, type Dataset, openData, type Truth } from '../../datasets/index.js';
import type { LabelMap } from '../../datasets/sample.js';

type Task = 'detection' | 'segmentation';
type TruthOf<T extends Task> = Extract<Truth, { readonly kind: T extends 'detection' ? 'boxes' : 'classMap' }>;
type Classes = readonly string[] | LabelMap;

interface Opened<T extends Task> {
  readonly root: string;
  readonly task: T;
  readonly classes?: Classes;
  readonly badRecords?: 'skip' | 'error';
  readonly links?: 'follow' | 'inside';
}

async function open<T extends Task>(data: object, task: T, classes: Classes | undefined): Promise<Dataset<TruthOf<T>>> {
  const labels = classes !== undefined && 'classes' in classes ? classes : undefined;
  const names = labels === undefined ? (classes ?? []) : [];
  const truth = task === 'detection' ? 'boxes' : 'classMap';
  const request = labels === undefined ? { split: 'train' as const } : { split: 'train' as const, labels };
  const dataset = await openData(
    { badRecords: 'error', ...data, classes: names, val: null } as DataConfig,
    truth,
    request,
  );
  if (dataset === null) throw new Error('no data set');
  return dataset as Dataset<TruthOf<T>>;
}

/** The images of a COCO file. */
export const openCoco = <T extends Task>({
  task,
  annotations,
  indices = null,
  classes,
  images,
  ...data
}: Opened<T> & { readonly annotations: string; readonly images: string; readonly indices?: string | null }) =>
  open({ kind: 'coco', ...data, images: images || null, train: annotations, trainIndices: indices }, task, classes);

/** A split of a VOC folder. */
export const openVoc = <T extends Task>({ task, split, classes, ...data }: Opened<T> & { readonly split: string }) =>
  open({ kind: 'voc', ...data, train: split }, task, classes);

/** Images and masks by patterns. */
export const openMasks = ({
  split,
  classes,
  ...data
}: Omit<Opened<'segmentation'>, 'task'> & {
  readonly images: string;
  readonly masks: string;
  readonly split: string | readonly string[];
  readonly values?: { readonly [value: string]: string };
  readonly otherValues?: 'error' | 'ignore' | 'nearest';
}) => open({ kind: 'masks', ...data, train: split }, 'segmentation', classes);
