import { basename, join } from 'node:path';
import { shownName } from '../../engine/printable.js';
import { naturalOrder, openRoot } from '../paths.js';
import type { Truth } from '../sample.js';
import { isImageName, listFiles } from '../stated/images.js';
import type { Format, Listing, Recognised } from './format.js';
import { headOf } from './parts.js';

/** Files by which a folder is recognised. */
const MOST_LISTED = 50_000;

/** What a folder was recognised as, and by which format. */
export interface Recognition extends Recognised {
  readonly format: Format;
}

/** What a folder holds that no format recognises. */
export interface Unrecognised {
  readonly images: number;
  readonly files: number;
  /** What its files are, and what to do, where that is known; null: it is not. */
  readonly remedy: string | null;
}

/** Files that hold data sets which are not read as they are. */
const FOREIGN: readonly (readonly [name: RegExp, remedy: string])[] = [
  [
    /(^|\/)[^/]*\.zarr\/|(^|\/)zarr\.json$/i,
    'Zarr stores are not read: save images as OME-TIFF, whose spacing is read, or volumes as NIfTI',
  ],
  [/\.(zip|tar|tgz|tar\.gz|7z|rar)$/i, 'unpack it'],
  [/\.(tfrecord|record)s?(-\d+-of-\d+)?$|-\d{5}-of-\d{5}$/i, 'TFRecords are not read: export COCO, VOC or YOLO'],
  [
    /\.(parquet|arrow)$/i,
    "Parquet and Arrow are not read: save the images with a metadata.jsonl (Hugging Face's ImageFolder), or as COCO",
  ],
  [/\.ndjson$/i, 'JSON lines of a labelling service are not read: convert them to COCO'],
  [/\.mat$/i, 'MATLAB files are not read: save masks as PNG, boxes as CSV'],
  [/\.(h5|hdf5|npz|lmdb|mdb)$/i, 'arrays in one file are not read: save each image and mask as PNG'],
  [
    /\.(json|xml|txt|csv)$/i,
    'it is of no format that is read: convert it to COCO, or to rows path,x1,y1,x2,y2,class, or state it in a module of your own (data.module)',
  ],
];

/** @param folder name of what the paths are in */
function remedyFor(paths: readonly string[], folder: string): string | null {
  for (const [name, remedy] of FOREIGN) {
    const path = paths.find(
      (one) => name.test(`${folder}/${one}`) && !/(^|\/)(readme[^/]*|license[^/]*|requirements)\.\w+$/i.test(one),
    );
    if (path !== undefined) return `${shownName(path)}: ${remedy}`;
  }
  return null;
}

/** What a folder that no format recognises holds, in a clause. */
export const describeUnrecognised = ({ images, files, remedy }: Unrecognised): string =>
  `among its ${files} files are ${images} images${remedy === null ? '' : `; ${remedy}`}: espalier formats draws what is read`;

/**
 * The format of a folder: the first that recognises it and whose own truth is the one asked for, or else one that can give it.
 *
 * @param truth what is to be learned from; null: whatever there is
 * @returns counts where no format recognises it
 * @throws DataError when there is no such folder
 */
export async function recognise(
  formats: readonly Format[],
  path: string,
  truth: Truth['kind'] | null,
): Promise<Recognition | Unrecognised> {
  const root = await openRoot(path);
  const paths = (await listFiles(root.path)).sort(naturalOrder);
  const listing: Listing = {
    root: root.path,
    paths: paths.slice(0, MOST_LISTED),
    head: async (file) => headOf(join(root.path, file)),
  };
  let second: Recognition | null = null;
  for (const format of formats) {
    if (truth !== null && format.readers[truth] === undefined) continue;
    const found = await format.recognise(listing);
    if (found === null) continue;
    if (truth === null || found.truth === truth) return { ...found, format };
    second ??= { ...found, format };
  }
  return (
    second ?? {
      images: paths.filter(isImageName).length,
      files: paths.length,
      remedy: remedyFor(paths, basename(root.path)),
    }
  );
}
