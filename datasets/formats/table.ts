import { coco } from './coco.js';
import { csv } from './csv.js';
import { cvat } from './cvat.js';
import { folders } from './folders.js';
import { instances } from './instances.js';
import { labelme } from './labelme.js';
import { masks } from './masks.js';
import { medical } from './medical.js';
import { panoptic } from './panoptic.js';
import { via } from './via.js';
import { voc } from './voc.js';
import { yolo } from './yolo.js';

/** Every data set format there is; a folder is of the first that recognises it. */
export const FORMATS = [
  medical,
  coco,
  panoptic,
  voc,
  yolo,
  labelme,
  cvat,
  via,
  csv,
  instances,
  masks,
  folders,
] as const;
