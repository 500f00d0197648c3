import { coco } from './coco.js';
import { createml } from './createml.js';
import { csv } from './csv.js';
import { cvat } from './cvat.js';
import { datumaro } from './datumaro.js';
import { folders } from './folders.js';
import { imagefolder } from './imagefolder.js';
import { instances } from './instances.js';
import { kitti } from './kitti.js';
import { labelme } from './labelme.js';
import { labelStudio } from './labelStudio.js';
import { masks } from './masks.js';
import { medical } from './medical.js';
import { panoptic } from './panoptic.js';
import { supervisely } from './supervisely.js';
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
  kitti,
  labelme,
  supervisely,
  cvat,
  datumaro,
  createml,
  labelStudio,
  imagefolder,
  via,
  csv,
  instances,
  masks,
  folders,
] as const;
