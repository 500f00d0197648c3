import type { Category, Id, ImageInfo } from './annotation.js';
import type { COCO } from './coco.js';
import type { Columns } from './scan/columns.js';

/** What evaluations and results ask of annotations, be they columns (`CocoFile`) or objects (`COCO`). */
export interface Annotated {
  readonly imgs: Map<Id, ImageInfo>;
  readonly cats: Map<Id, Category>;
  /** The annotations as columns; null where only objects hold them. */
  readonly columns: Columns | null;
  /** Ids of the images, each once. */
  imageIds(): Id[];
  imageList(): ImageInfo[] | undefined;
  categoryList(): Category[] | undefined;
  /** The annotations as objects. */
  objects(): COCO;
}
