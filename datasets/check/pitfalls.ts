import { shownName } from '../../engine/printable.js';
import type { Dataset, Warning } from '../dataset.js';
import type { SplitName } from '../formats/index.js';
import { objectsOf } from '../sample.js';
import { nameGroups } from './groups.js';
import type { Alike } from './survey.js';

/** Something that goes wrong in data sets without a word, and what to do. The numbers stay what they are. */
export const PITFALLS = {
  1: ['class ids outside the list of classes', 'write every id that annotations use into the list'],
  4: ['classes of one split that another lacks', 'give the same class the same name in every split'],
  6: ['boxes in another form than is read', 'write x, y, width, height (COCO), or corners in their order (VOC)'],
  7: ['boxes that look like shares of the image written as pixels', 'multiply them by width and height'],
  8: ['boxes beyond the image', 'check the coordinates, and whether the image was resized or cropped after labelling'],
  9: ['boxes without a pixel', 'remove or redraw them'],
  11: ['annotations that swap width and height', 'label what EXIF orientation shows, or save the images turned'],
  12: ['images of another size than their annotation says', 'label the images that are there, or resize both'],
  13: ['more objects in an image than a head keeps boxes', 'raise model.head.decode.maxDetections'],
  16: ['crowd objects, which are not learned', 'set iscrowd to 0 for single objects'],
  17: ['annotations without an area, taken from the box', 'export areas, by which small and large are told apart'],
  18: ['difficult objects, which are not learned', 'set difficult to 0 for objects that are to be found'],
  20: ['masks with the noise of lossy compression', 'save masks as PNG'],
  21: ['mask values without a class', 'name them in data.values'],
  27: [
    'images and annotations that do not belong together',
    'give pairs one name, and empty images an empty annotation',
  ],
  29: ['classes that a mirror image swaps', 'write augment: { flipHorizontal: 0 }'],
  32: ['images deeper than 8 bits, scaled for the eye', 'save all with one scale'],
  35: ['masks of another size than their image', 'export masks at the size of the image'],
  36: ['mask values outside the table', 'add them to data.values'],
  37: ['images of one group (patient, video, site) in several splits', 'keep a group in one split'],
  38: ['images of one split that another has', 'remove them from one of the two'],
  42: ['anchors that do not fit the objects', 'change the scale of the anchors, or model.inputSize'],
  43: ['objects too small for the network', 'raise model.inputSize, or cut the images into tiles'],
  54: ['classes without anything to learn or to measure', 'add images of them, or leave them out of data.classes'],
  61: ['annotations that cannot be used', 'check the export'],
  62: ['images that cannot be read', 'export or download them again'],
  63: ['annotations without a segmentation', 'export polygons or run lengths, or learn boxes'],
  64: ['channels or pages that are left out', 'save what tells most as RGB, and pages as images of their own'],
  65: ['nothing to learn', 'check the export, and which files data.train names'],
} as const satisfies { readonly [number: number]: readonly [title: string, fix: string] };

export type PitfallNumber = keyof typeof PITFALLS;

/** Findings that were collected when a data set was opened, by what they are an instance of. */
const BY_CODE: { readonly [code: string]: PitfallNumber } = {
  'unknown-category': 1,
  'unknown-class': 4,
  'similar-names': 4,
  'turned-box': 6,
  'box-clipped': 8,
  'box-outside': 8,
  'box-missed': 8,
  'degenerate-box': 9,
  'swapped-size': 11,
  'missing-area': 17,
  'mapped-values': 20,
  'other-folder': 27,
  'other-capitals': 27,
  'upload-name': 27,
  'other-ending': 27,
  'repeated-image': 27,
  'no-annotation': 27,
  unannotated: 27,
  unmasked: 27,
  'many-masks': 27,
  'no-image': 27,
  'orphan-annotation': 27,
  'scaled-pixels': 32,
  'mixed-scales': 32,
  'more-than-detections': 13,
  'resized-mask': 35,
  'ignored-values': 36,
  'bad-box': 61,
  'bad-shape': 61,
  'no-class': 61,
  'unused-shape': 61,
  'unlabelled-region': 61,
  'bad-record': 62,
  'missing-segmentation': 63,
  'missing-mask': 63,
  'first-channels': 64,
  'first-page': 64,
};

/** What is left out because it was asked for, or was never meant: no pitfall. */
const CHOSEN: readonly string[] = ['other-class', 'unused-class'];

/** Whether a warning tells what was chosen, and not what is wrong. */
export const isChosen = ({ isNote, code }: Warning): boolean => isNote === true || CHOSEN.includes(code);

/** One pitfall of one split. */
export interface Finding {
  readonly pitfall: PitfallNumber;
  readonly severity: 'error' | 'warning';
  readonly split: SplitName;
  /** What was found, with the first five names. */
  readonly message: string;
  /** All files it was found in. */
  readonly files: readonly string[];
  readonly fix: string;
}

export interface Split {
  readonly split: SplitName;
  readonly dataset: Dataset;
}

export interface PitfallOptions {
  /** Images that look alike. */
  readonly alike: readonly Alike[];
  /** What the format calls objects that are not learned. */
  readonly ignored: 'crowd' | 'difficult';
  /** Whether training mirrors images from left to right. */
  readonly isFlipped: boolean;
}

export const finding = (
  pitfall: PitfallNumber,
  split: SplitName,
  message: string,
  files: readonly string[] = [],
  severity: Finding['severity'] = 'warning',
): Finding => ({ pitfall, severity, split, message, files, fix: PITFALLS[pitfall][1] });

/** Every pitfall that the splits of a data set show, by number. */
export function findPitfalls(splits: readonly Split[], options: PitfallOptions): readonly Finding[] {
  const found = [
    ...ofWarnings(splits),
    ...splits.flatMap((one) => ofBoxes(one, options)),
    ...ofNames(splits, options),
    ...ofGroups(splits),
    ...ofAlike(options.alike),
  ];
  return found.sort((a, b) => a.pitfall - b.pitfall);
}

/** Share of boxes beyond the image from which on they are taken for the other form of boxes, and the least number of them. */
const [MOST_BEYOND, LEAST_BEYOND] = [0.3, 4];

const BEYOND = ['box-outside', 'box-missed', 'box-clipped'];

function ofWarnings(splits: readonly Split[]): Finding[] {
  const all = splits.flatMap(({ split, dataset }) =>
    dataset.warnings.filter((warning) => !isChosen(warning)).map((warning) => ({ split, warning })),
  );
  const countOf = (codes: readonly string[]): number =>
    all.reduce((sum, { warning }) => sum + (codes.includes(warning.code) ? warning.count : 0), 0);
  const beyond = countOf(['box-outside', 'box-missed']);
  const boxes = splits.reduce((sum, { dataset }) => sum + boxCount(dataset), countOf(['box-missed']));
  const isOtherForm = beyond >= LEAST_BEYOND && beyond >= MOST_BEYOND * boxes;
  return all.map(({ split, warning }) =>
    finding(
      isOtherForm && BEYOND.includes(warning.code) ? 6 : pitfallOf(warning),
      split,
      warning.message,
      warning.files,
    ),
  );
}

/** @param number of an error or a warning that tells its own */
export const pitfallOf = ({
  pitfall,
  code,
}: {
  readonly pitfall?: number | undefined;
  readonly code: string;
}): PitfallNumber => (pitfall !== undefined && isPitfall(pitfall) ? pitfall : (BY_CODE[code] ?? 62));

const isPitfall = (number: number): number is PitfallNumber => number in PITFALLS;

const boxCount = ({ entries }: Dataset): number =>
  entries.reduce((sum, { truth }) => sum + (objectsOf(truth)?.labels.length ?? 0), 0);

/** Side of an image, in pixels, from which on a box of at most this size is no box of pixels. */
const [LEAST_SIDE, SHARE_SIDE] = [32, 1.5];

function ofBoxes({ split, dataset }: Split, { ignored: word }: PitfallOptions): Finding[] {
  const shares: string[] = [];
  const ignored: string[] = [];
  let [shareBoxes, ignoredBoxes] = [0, 0];
  for (const { id, truth: stored, width, height } of dataset.entries) {
    const truth = objectsOf(stored);
    if (!truth || truth.labels.length === 0) continue;
    const isLarge = Math.min(width ?? 0, height ?? 0) > LEAST_SIDE;
    if (isLarge && truth.boxes.every((value) => value <= SHARE_SIDE)) {
      shares.push(id);
      shareBoxes += truth.labels.length;
    }
    const skipped = truth.ignored.reduce((sum, flag) => sum + flag, 0);
    if (skipped > 0) ignored.push(id);
    ignoredBoxes += skipped;
  }
  const found: Finding[] = [];
  if (shares.length > 0)
    found.push(
      finding(7, split, `${shareBoxes} boxes lie within ${SHARE_SIDE} pixels of the corner: ${named(shares)}`, shares),
    );
  if (ignored.length > 0)
    found.push(
      finding(
        word === 'crowd' ? 16 : 18,
        split,
        `${ignoredBoxes} ${word} ${ignoredBoxes === 1 ? 'object is' : 'objects are'} not learned: ${named(ignored)}`,
        ignored,
      ),
    );
  return found;
}

/** Words that change places in a mirror. */
const SIDED = /(?:^|[^a-z])(left|right)(?:$|[^a-z])/i;

function ofNames(splits: readonly Split[], { isFlipped }: PitfallOptions): Finding[] {
  const [first] = splits;
  if (!first || !isFlipped) return [];
  const names = first.dataset.labels.classes.map(({ name }) => name).filter((name) => SIDED.test(name));
  return names.length === 0
    ? []
    : [finding(29, first.split, `training mirrors images, and classes have a side: ${named(names)}`)];
}

/** Names that tell a group, as patient07_slice12, in more than one split. */
function ofGroups(splits: readonly Split[]): Finding[] {
  const groups = nameGroups(splits.map(({ dataset }) => dataset.entries.map(({ id }) => id)));
  return groups.flatMap(({ name, members }) => {
    const [, other] = [...new Set(members.map(({ list }) => splits[list]?.split))];
    if (other === undefined) return [];
    const files = members.map(({ id }) => id);
    return [finding(37, other, `images of '${name}' are in several splits: ${named(files)}`, files)];
  });
}

function ofAlike(alike: readonly Alike[]): Finding[] {
  const leaks = alike.filter(({ isLeak }) => isLeak);
  if (leaks.length === 0) return [];
  const files = leaks.flatMap(({ images }) => images);
  return [
    finding(
      38,
      'val',
      `${leaks.length === 1 ? '1 group' : `${leaks.length} groups`} of images that look alike: ${named(files)}`,
      files,
    ),
  ];
}

const NAMED = 5;
const named = (names: readonly string[]): string =>
  `${names.slice(0, NAMED).map(shownName).join(', ')}${names.length > NAMED ? ` and ${names.length - NAMED} more` : ''}`;
