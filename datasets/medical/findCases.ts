import { valueAt } from '../../engine/checked.js';
import { isImageName, stemOf } from '../stated/images.js';
import { isVolumeName, volumeStem } from '../volumes/readVolume.js';

/** A file, or the folder of a series, relative to the root. */
export interface Source {
  readonly path: string;
  readonly isFolder: boolean;
}

/** One examination: its images, one for each channel or one of several channels, and the masks that it has. */
export interface Case {
  /** Id of the first image. */
  readonly id: string;
  /** Whose it is: cases of one patient are never in two splits. */
  readonly patient: string;
  readonly images: readonly Source[];
  /** By what they show: the ending of their names, such as seg. */
  readonly masks: ReadonlyMap<string, Source>;
  /** True: of nnU-Net's and the Decathlon's test folder. */
  readonly isTest: boolean;
}

const IMAGE_STEPS = /^(images?(tr|ts)?|imgs?|volumes?|scans?|inputs?|raw|anat|dicom)$/i;
const MASK_STEPS = /^(labels?(tr|ts)?|masks?|segs?|segmentations?|annotations?|gt|ground[ _-]?truths?|derivatives)$/i;
const TEST_STEPS = /^(images|labels)ts$/i;
const MASK_WORD =
  '(?:(?:gm|wm)?seg(?:mentation)?s?|masks?|labels?|labell?ed|lesions?|rois?|rt_?struct(?:ure_?set)?|rt_?ss|gt|groundtruth|manual\\d?|dseg)';
const MASK_ENDING = new RegExp(`(?:^|[ _.-]+)${MASK_WORD}$`, 'i');
/** Words that do not say what a mask shows. */
const EMPTY_WORD = /^(manual\d?|gt|groundtruth|dseg)$/i;
/** A DICOM file of masks beside its series, by its name. */
const isDicomMask = (path: string): boolean =>
  DICOM.test(path) && MASK_ENDING.test(volumeStem(path.split('/').at(-1) ?? ''));
const DICOM = /\.(dcm|dicom|ima)$/i;
const CHANNEL = /^(.*)_(\d{4})$/;
const NO_NAME = 'mask';

interface Found {
  readonly source: Source;
  readonly folder: string;
  /** Outer folders and the stem without endings. */
  readonly key: string;
  readonly stem: string;
  readonly ending: string;
  readonly isMask: boolean;
  readonly isTest: boolean;
}

/**
 * Examinations with at least one mask, by the names of files and folders: nnU-Net's and the Decathlon's `imagesTr` and `labelsTr`,
 * a folder per patient, BIDS, and volumes beside their masks.
 *
 * @param paths relative to the root, forward slashes
 */
export function findCases(paths: readonly string[]): readonly Case[] {
  const found = [...files(paths), ...series(paths)];
  const masks = found.filter(({ isMask }) => isMask);
  const images = found.filter(({ isMask, source }) => !isMask && !isImageName(source.path));
  const byKey = groups(masks, ({ key }) => key);
  const channels = new Map<string, Found[]>();
  for (const image of images) {
    const parted = byKey.has(image.key) ? null : CHANNEL.exec(image.key);
    const key = parted && byKey.has(valueAt(parted, 1)) ? valueAt(parted, 1) : image.key;
    channels.set(key, [...(channels.get(key) ?? []), image]);
  }
  const cases: Case[] = [];
  for (const [key, own] of channels) {
    const [first] = own;
    if (first === undefined) continue;
    const taken = byKey.get(key) ?? loneMasks(first, images, masks);
    if (taken.length === 0) continue;
    const sorted = [...own].sort((a, b) => (a.source.path < b.source.path ? -1 : 1));
    cases.push({
      id: valueAt(sorted, 0).source.path,
      patient: patientOf(first, key),
      images: sorted.map(({ source }) => source),
      masks: new Map(taken.map(({ ending, source }) => [ending, source])),
      isTest: first.isTest,
    });
  }
  return cases;
}

/** The masks of a folder that has one image alone. */
function loneMasks(image: Found, images: readonly Found[], masks: readonly Found[]): readonly Found[] {
  if (image.folder === '') return [];
  const isInside = ({ folder }: Found): boolean => folder === image.folder || folder.startsWith(`${image.folder}/`);
  return images.filter(isInside).length === 1 ? masks.filter(isInside) : [];
}

function files(paths: readonly string[]): Found[] {
  return paths.flatMap((path): Found[] => {
    const steps = path.split('/');
    const name = steps.at(-1) as string;
    const inMasks = steps.slice(0, -1).some((step) => MASK_STEPS.test(step));
    if (!isVolumeName(name) && !(inMasks && isImageName(name))) return [];
    const isPair = DICOM.test(name) && !steps.slice(0, -1).some((step) => IMAGE_STEPS.test(step));
    if (isPair && !inMasks && !isDicomMask(path)) return []; // a slice of a series
    return [describe(steps, isVolumeName(name) ? volumeStem(name) : stemOf(name), { path, isFolder: false }, inMasks)];
  });
}

/** Folders of DICOM slices that are not paired one by one. */
function series(paths: readonly string[]): Found[] {
  const folders = new Set(
    paths
      .filter((path) => DICOM.test(path) && path.includes('/') && !isDicomMask(path))
      .map((path) => path.slice(0, path.lastIndexOf('/'))),
  );
  return [...folders].flatMap((folder): Found[] => {
    const steps = folder.split('/');
    if (steps.some((step) => MASK_STEPS.test(step))) return [];
    const isPaired = steps.some((step) => IMAGE_STEPS.test(step)) && paths.some((path) => isMaskOfSlice(path));
    if (isPaired) return [];
    return [describe([...steps, ''], '', { path: folder, isFolder: true }, false)];
  });
}

const isMaskOfSlice = (path: string): boolean =>
  path
    .split('/')
    .slice(0, -1)
    .some((step) => MASK_STEPS.test(step)) && isImageName(path);

function describe(steps: readonly string[], stem: string, source: Source, inMasks: boolean): Found {
  const folders = steps.slice(0, -1);
  const outer = folders.filter((step) => !MASK_STEPS.test(step) && !IMAGE_STEPS.test(step));
  const words: string[] = [];
  let bare = stem;
  for (let found = MASK_ENDING.exec(bare); found; found = MASK_ENDING.exec(bare)) {
    words.unshift(found[0].replace(/^[ _.-]+/, '').toLowerCase());
    bare = bare.slice(0, found.index);
  }
  const isMask = inMasks || words.length > 0;
  const ending = words.filter((word) => !EMPTY_WORD.test(word)).join('_') || NO_NAME;
  const isTest = folders.some((step) => TEST_STEPS.test(step));
  const key = [...(isTest ? ['ts'] : []), ...outer, bare].filter((step) => step !== '').join('/');
  return {
    source,
    folder: (source.isFolder ? folders.slice(0, -1) : folders).filter((step) => !MASK_STEPS.test(step)).join('/'),
    key,
    stem,
    ending,
    isMask,
    isTest,
  };
}

/** BIDS's subject, else the first folder that is no part of the layout, else the name of the case. */
function patientOf({ source }: Found, key: string): string {
  const subject = /(?:^|[/_])(sub-[a-z0-9]+)/i.exec(source.path)?.[1];
  if (subject !== undefined) return subject;
  const steps = (source.isFolder ? source.path : source.path.slice(0, Math.max(0, source.path.lastIndexOf('/')))).split(
    '/',
  );
  const own = steps.filter(
    (step) => step !== '' && !IMAGE_STEPS.test(step) && !/^(train|val|valid|test)(ing|idation)?$/i.test(step),
  );
  return own.length > 0 && !/^(nnunet_?raw|dataset\d*|task\d*)/i.test(valueAt(own, 0)) ? valueAt(own, 0) : key;
}

function groups(items: readonly Found[], key: (item: Found) => string): ReadonlyMap<string, readonly Found[]> {
  const all = new Map<string, Found[]>();
  for (const item of items) all.set(key(item), [...(all.get(key(item)) ?? []), item]);
  return all;
}

/** What most cases have a mask of; of equals the first by the alphabet. */
export function commonMask(cases: readonly Case[]): string {
  const counts = new Map<string, number>();
  for (const { masks } of cases) for (const name of masks.keys()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0] ?? NO_NAME;
}
