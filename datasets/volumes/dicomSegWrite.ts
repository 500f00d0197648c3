import { hasClass } from '../overlap.js';
import { type DicomElements, encodeDicom, uidOf } from './dicomWrite.js';
import type { Volume } from './volume.js';

/** The images that a volume was read from, for what refers to them. No word about the patient. */
export interface DicomOrigin {
  readonly study: string;
  readonly series: string;
  readonly frameOfReference: string;
  /** [depth] of every slice, as the volume stores them. */
  readonly slices: readonly {
    readonly sopClass: string;
    readonly sopInstance: string;
    readonly frame: number | null;
  }[];
}

/** Segmentation Storage. @source DICOM PS3.6, annex A */
const SEGMENTATION = '1.2.840.10008.5.1.4.1.1.66.4';

/**
 * A DICOM-SEG of the classes of a series, in its place and with references to its images: a segment for each class beside the first. It
 * belongs to the series' study; who the patient is it does not say.
 *
 * @param labels  [depth * height * width] class index, as the volume stores its voxels
 * @param names   of the classes; the first is the background
 * @param options overlaps: labels are sets of classes, bit k of which is class k, and none is the background. Defaults to false
 * @source DICOM PS3.3, A.51, C.8.20
 */
export function writeSegmentation(
  labels: Uint8Array,
  volume: Volume & { readonly affine: readonly number[] },
  origin: DicomOrigin,
  names: readonly string[],
  { overlaps = false, now = new Date() }: { readonly overlaps?: boolean; readonly now?: Date } = {},
): Uint8Array {
  const { width, height, depth, spacing } = volume;
  const area = width * height;
  const frames: { segment: number; slice: number }[] = [];
  const segments = overlaps ? names : names.slice(1);
  const isOf = (value: number, segment: number): boolean =>
    overlaps ? hasClass(value, segment - 1) : value === segment;
  for (let segment = 1; segment <= segments.length; segment++) {
    for (let slice = 0; slice < depth; slice++)
      if (labels.subarray(slice * area, (slice + 1) * area).some((value) => isOf(value, segment)))
        frames.push({ segment, slice });
  }
  if (frames.length === 0) frames.push({ segment: 1, slice: 0 });
  const bits = new Uint8Array(Math.ceil((frames.length * area) / 8));
  for (const [i, { segment, slice }] of frames.entries()) {
    for (let at = 0, bit = i * area; at < area; at++, bit++)
      if (isOf(labels[slice * area + at] as number, segment))
        bits[bit >> 3] = (bits[bit >> 3] as number) | (1 << (bit & 7));
  }
  const { toPatient, cosines } = placeOf(volume);
  const name = `${origin.slices.map(({ sopInstance }) => sopInstance).join()} ${Buffer.from(bits).toString('base64')}`;
  const [instance, dimensions] = [uidOf(`segmentation ${name}`), uidOf(`dimensions ${name}`)];
  const stated = (uid: string, what: string): string => (uid === '' ? uidOf(`${what} ${name}`) : uid); // must not be empty
  const stamp = now.toISOString();
  return encodeDicom(SEGMENTATION, instance, [
    [0x00080005, 'CS', 'ISO_IR 192'], // texts are UTF-8
    [0x00080008, 'CS', 'DERIVED\\PRIMARY'],
    [0x00080023, 'DA', stamp.slice(0, 10).replaceAll('-', '')],
    [0x00080033, 'TM', stamp.slice(11, 19).replaceAll(':', '')],
    [0x00080060, 'CS', 'SEG'],
    [0x00080070, 'LO', 'Espalier'],
    [0x00081090, 'LO', 'Espalier'],
    [0x00181000, 'LO', '0'],
    [0x00181020, 'LO', '0'],
    ...EMPTY.map(([tag, kind]) => [tag, kind, ''] as const),
    [
      0x00081115,
      'SQ',
      [
        [
          [0x0020000e, 'UI', origin.series],
          [0x0008114a, 'SQ', uniqueInstances(origin)],
        ],
      ],
    ],
    [0x0020000d, 'UI', stated(origin.study, 'study')],
    [0x0020000e, 'UI', uidOf(`series ${name}`)],
    [0x00200011, 'IS', '900'],
    [0x00200013, 'IS', '1'],
    [0x00200052, 'UI', stated(origin.frameOfReference, 'frame of reference')],
    [0x00209221, 'SQ', [[[0x00209164, 'UI', dimensions]]]],
    [
      0x00209222,
      'SQ',
      [
        [
          [0x00209164, 'UI', dimensions],
          [0x00209165, 'AT', [0x0062000b]],
          [0x00209167, 'AT', [0x0062000a]],
        ],
        [
          [0x00209164, 'UI', dimensions],
          [0x00209165, 'AT', [0x00200032]],
          [0x00209167, 'AT', [0x00209113]],
        ],
      ],
    ],
    [0x00280002, 'US', [1]],
    [0x00280004, 'CS', 'MONOCHROME2'],
    [0x00280008, 'IS', String(frames.length)],
    [0x00280010, 'US', [height]],
    [0x00280011, 'US', [width]],
    [0x00280100, 'US', [1]],
    [0x00280101, 'US', [1]],
    [0x00280102, 'US', [0]],
    [0x00280103, 'US', [0]],
    [0x00282110, 'CS', '00'],
    [0x00620001, 'CS', 'BINARY'],
    [0x00620002, 'SQ', segments.map(segmentOf)],
    [0x00620013, 'CS', 'NO'],
    [0x00700080, 'CS', 'SEGMENTATION'],
    [0x00700081, 'LO', 'Classes of a trained network'],
    [0x00700084, 'PN', ''],
    [
      0x52009229,
      'SQ',
      [
        [
          [0x00209116, 'SQ', [[[0x00200037, 'DS', cosines.map(decimal).join('\\')]]]],
          [
            0x00289110,
            'SQ',
            [
              [
                [0x00180050, 'DS', decimal(spacing[2])],
                [0x00180088, 'DS', decimal(spacing[2])],
                [0x00280030, 'DS', `${decimal(spacing[1])}\\${decimal(spacing[0])}`],
              ],
            ],
          ],
        ],
      ],
    ],
    [
      0x52009230,
      'SQ',
      frames.map(
        ({ segment, slice }): DicomElements => [
          [0x00089124, 'SQ', [derivation(origin, slice)]],
          [0x00209111, 'SQ', [[[0x00209157, 'UL', [segment, slice + 1]]]]],
          [0x00209113, 'SQ', [[[0x00200032, 'DS', toPatient(slice).map(decimal).join('\\')]]]],
          [0x0062000a, 'SQ', [[[0x0062000b, 'US', [segment]]]]],
        ],
      ),
    ],
    [0x7fe00010, 'OB', bits],
  ]);
}

/** Elements that must be there and may be empty: dates, names and numbers of patient and study. */
const EMPTY = [
  [0x00080020, 'DA'],
  [0x00080030, 'TM'],
  [0x00080050, 'SH'],
  [0x00080090, 'PN'],
  [0x00100010, 'PN'],
  [0x00100020, 'LO'],
  [0x00100030, 'DA'],
  [0x00100040, 'CS'],
  [0x00200010, 'SH'],
  [0x00201040, 'LO'],
] as const;

/** A decimal string of at most 16 letters. @source DICOM PS3.5, 6.2 */
function decimal(value: number): string {
  const text = String(Number(value.toPrecision(10)));
  return text.length <= 16 ? text : value.toExponential(8);
}

const code = (value: string, scheme: string, meaning: string): readonly DicomElements[] => [
  [
    [0x00080100, 'SH', value],
    [0x00080102, 'SH', scheme],
    [0x00080104, 'LO', meaning],
  ],
];
const TISSUE = code('85756007', 'SCT', 'Tissue');

const segmentOf = (name: string, i: number): DicomElements => [
  [0x00620003, 'SQ', TISSUE],
  [0x00620004, 'US', [i + 1]],
  [0x00620005, 'LO', name.replaceAll('\\', '/').slice(0, 64)],
  [0x00620008, 'CS', 'AUTOMATIC'],
  [0x00620009, 'LO', 'Espalier'],
  [0x0062000f, 'SQ', TISSUE],
];

function derivation({ slices }: DicomOrigin, slice: number): DicomElements {
  const { sopClass = '', sopInstance = '', frame = null } = slices[slice] ?? {};
  return [
    [
      0x00082112,
      'SQ',
      [
        [
          [0x00081150, 'UI', sopClass],
          [0x00081155, 'UI', sopInstance],
          [0x0028135a, 'CS', 'YES'], // spatial locations are preserved
          ...(frame === null ? [] : [[0x00081160, 'IS', String(frame)] as const]),
          [0x0040a170, 'SQ', code('121322', 'DCM', 'Source image for image processing operation')],
        ],
      ],
    ],
    [0x00089215, 'SQ', code('113076', 'DCM', 'Segmentation')],
  ];
}

function uniqueInstances({ slices }: DicomOrigin): readonly DicomElements[] {
  const unique = new Map(slices.map(({ sopClass, sopInstance }) => [sopInstance, sopClass]));
  return [...unique].map(([sopInstance, sopClass]) => [
    [0x00081150, 'UI', sopClass],
    [0x00081155, 'UI', sopInstance],
  ]);
}

/** Where slices lie, in DICOM's axes: to the left, the back and the head. */
function placeOf({ affine, spacing }: Volume & { readonly affine: readonly number[] }): {
  readonly toPatient: (slice: number) => readonly number[];
  readonly cosines: readonly number[];
} {
  const lps = (row: number, column: number): number => (row < 2 ? -1 : 1) * (affine[row * 4 + column] as number) + 0;
  return {
    toPatient: (slice) => [0, 1, 2].map((row) => lps(row, 3) + slice * lps(row, 2)),
    cosines: [0, 1].flatMap((column) => [0, 1, 2].map((row) => lps(row, column) / (spacing[column] as number))),
  };
}
