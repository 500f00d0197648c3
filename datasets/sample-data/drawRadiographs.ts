import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom, hashName, type Random } from '../../engine/random.js';
import { encodeDicom, uidOf } from '../volumes/dicomWrite.js';
import { writeNifti } from '../volumes/nifti.js';
import { drawFolder, type SampleOptions, type SampleSummary } from './folder.js';
import { createOutline } from './outline.js';
import { patientsOf } from './patients.js';
import { addCurve, createPlane, eachInside, grained, type Plane } from './texture.js';

/** Raised when the pictures or the truth change. */
const VERSION = 1;
const SIDE = 256;
const CLASSES = ['background', 'nodule', 'opacity'] as const;
/** Largest value of 12 bits. */
const MOST = 4095;
const MILLIMETRES = 1.4;
/** Digital X-Ray Image Storage - For Presentation. @source DICOM PS3.6, annex A */
const DIGITAL_XRAY = '1.2.840.10008.5.1.4.1.1.1.1';

/**
 * Draws radiograph-like DICOM files, 256 x 256 pixels of 16 bits of which 12 are used, with faint nodules and opacities in a texture of
 * ribs, vessels and grain that looks like them; some are without. Two views of each patient; the last fifth of the patients validates. The
 * same seed gives the same bytes:
 *
 *     train/patient-000/view-0/image.dcm, seg.nii       0 background, 1 nodule, 2 opacity
 *     val/patient-048/...
 *
 * @throws as drawFolder
 */
export async function drawRadiographs(options: SampleOptions): Promise<SampleSummary> {
  const { images, seed } = options;
  const { views, train, val } = patientsOf(images);
  const made = await drawFolder({ name: 'radiograph', version: VERSION }, options, async (root) => {
    for (const { patient, view, part } of views) {
      const folder = join(root, part, patient, `view-${view}`);
      await mkdir(folder, { recursive: true });
      const { pixels, mask } = drawChest(createRandom([seed, hashName(patient), view]), seed, patient);
      await writeFile(join(folder, 'image.dcm'), radiograph(pixels, `${seed} ${patient} ${view}`, patient));
      const place = { width: SIDE, height: SIDE, depth: 1, channels: 1, affine: null, data: mask } as const;
      await writeFile(
        join(folder, 'seg.nii'),
        writeNifti(mask, { ...place, spacing: [MILLIMETRES, MILLIMETRES, 1] }, null),
      );
    }
  });
  return { ...made, train, val, classes: CLASSES.slice(1) };
}

function radiograph(pixels: Uint16Array, name: string, patient: string): Uint8Array {
  return encodeDicom(DIGITAL_XRAY, uidOf(`image ${name}`), [
    [0x00080060, 'CS', 'DX'],
    [0x00100010, 'PN', `DRAWN^${patient.toUpperCase()}`],
    [0x00100020, 'LO', patient],
    [0x0020000d, 'UI', uidOf(`study ${name}`)],
    [0x0020000e, 'UI', uidOf(`series ${name}`)],
    [0x00200013, 'IS', '1'],
    [0x00280002, 'US', [1]],
    [0x00280004, 'CS', 'MONOCHROME2'],
    [0x00280010, 'US', [SIDE]],
    [0x00280011, 'US', [SIDE]],
    [0x00280030, 'DS', `${MILLIMETRES}\\${MILLIMETRES}`],
    [0x00280100, 'US', [16]],
    [0x00280101, 'US', [12]],
    [0x00280102, 'US', [11]],
    [0x00280103, 'US', [0]],
    [0x00281050, 'DS', '1500'],
    [0x00281051, 'DS', '2400'],
    [0x7fe00010, 'OW', new Uint8Array(pixels.buffer)],
  ]);
}

/** Where a patient's lungs are: [centre x, centre y, half width, half height] as parts of the side. */
function lungsOf(seed: number, patient: string): readonly (readonly [number, number, number, number])[] {
  const random = createRandom([seed, hashName(patient), hashName('lungs')]);
  return [0.3, 0.7].map((x) => {
    return [
      x + random.uniform(-0.02, 0.02),
      random.uniform(0.46, 0.52),
      random.uniform(0.15, 0.19),
      random.uniform(0.3, 0.38),
    ] as const;
  });
}

/** Parts of each grain of the lungs' texture. */
const GRAINS = [
  [40, 60],
  [20, 40],
  [10, 34],
  [5, 24],
  [2, 12],
] as const;

function drawChest(
  random: Random,
  seed: number,
  patient: string,
): { readonly pixels: Uint16Array; readonly mask: Uint8Array } {
  const lungs = lungsOf(seed, patient);
  const plane = createPlane(SIDE, SIDE);
  const inside = new Float64Array(SIDE * SIDE);
  const exposure = random.uniform(0.85, 1.15);
  for (let y = 0, i = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++, i++) {
      const [u, v] = [(x + 0.5) / SIDE, (y + 0.5) / SIDE];
      const body = soft(1 - Math.abs(u - 0.5) / (0.36 + 0.12 * v), 0.04);
      inside[i] = Math.max(
        ...lungs.map(([cx, cy, a, b]) => soft(1 - Math.sqrt(((u - cx) / a) ** 2 + ((v - cy) / b) ** 2), 0.06)),
      );
      const spine = Math.exp(-(((u - 0.5) / 0.05) ** 2));
      plane.data[i] = 180 + exposure * body * (1500 + 900 * spine + 300 * v - 950 * (inside[i] as number));
    }
  }
  const grain = grained(SIDE, SIDE, GRAINS, random);
  for (let i = 0; i < grain.length; i++) plane.data[i] = (plane.data[i] as number) + (grain[i] as number);
  for (const lung of lungs) {
    drawRibs(plane, lung, random);
    drawVessels(plane, lung, random);
  }
  const mask = drawFindings(plane, inside, random);
  const pixels = Uint16Array.from(plane.data, (value) =>
    Math.min(MOST, Math.max(0, Math.round(value + 9 * random.normal()))),
  );
  return { pixels, mask };
}

/** From 0 to 1 as a value passes zero. */
const soft = (value: number, width: number): number => 1 / (1 + Math.exp(-value / width));

type Lung = readonly [number, number, number, number];

function drawRibs(plane: Plane, [cx, cy, a, b]: Lung, random: Random): void {
  const outward = cx < 0.5 ? -1 : 1;
  for (let rib = 0; rib < 7; rib++) {
    const [y, drop] = [cy - b + (rib + random.uniform(0.2, 0.6)) * ((2 * b) / 7), random.uniform(0.05, 0.11)];
    const at = (t: number) => [SIDE * (cx + outward * (2.3 * t - 1.15) * a), SIDE * (y + drop * t * t)] as const;
    addCurve(plane, { at, radius: () => 4 }, random.uniform(70, 150));
  }
}

function drawVessels(plane: Plane, [cx, cy, a, b]: Lung, random: Random): void {
  const outward = cx < 0.5 ? -1 : 1;
  for (let vessel = 0; vessel < 12; vessel++) {
    const [angle, bend] = [random.uniform(-1.3, 1.3), random.uniform(-0.25, 0.25)];
    const [x, y] = [cx - outward * 0.8 * a, cy + random.uniform(-0.25, 0.25) * b];
    const reach = random.uniform(0.5, 1.4);
    const at = (t: number) =>
      [
        SIDE * (x + outward * reach * 1.4 * a * t * Math.cos(angle)),
        SIDE * (y + reach * b * t * (Math.sin(angle) + bend * t)),
      ] as const;
    addCurve(plane, { at, radius: (t) => 3.4 - 2.4 * t }, random.uniform(60, 150));
  }
}

/** One of so many images shows nothing. */
const EMPTY = 6;
const TRIES = 40;

/** Nodules are small and round, opacities large and uneven; both as bright as ribs and vessels. */
function drawFindings(plane: Plane, inside: Float64Array, random: Random): Uint8Array {
  const mask = new Uint8Array(SIDE * SIDE);
  if (random.integer(EMPTY) === 0) return mask;
  const cloud = grained(
    SIDE,
    SIDE,
    [
      [12, 0.25],
      [5, 0.15],
    ],
    random,
  );
  const draw = (index: number, range: readonly [number, number], waviness: number, height: number): void => {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const [x, y, radius] = [random.uniform(0, SIDE), random.uniform(0, SIDE), random.uniform(...range)];
      if ((inside[Math.floor(y) * SIDE + Math.floor(x)] as number) < 0.9) continue;
      const outline = createOutline(x, y, radius, waviness, random);
      eachInside(plane, outline, 1.3, (at, part) => {
        const shape = index === 1 ? Math.sqrt(Math.max(0, 1 - (part / 1.1) ** 2)) : soft(1 - part, 0.12);
        const uneven = index === 1 ? 1 : 1 + (cloud[at] as number);
        plane.data[at] = (plane.data[at] as number) + height * shape * uneven;
        if (part < 1) mask[at] = index;
      });
      return;
    }
  };
  for (let i = 0, count = random.integer(3); i < count; i++) draw(2, [15, 26], 0.14, random.uniform(120, 220));
  for (let i = 0, count = 1 + random.integer(3); i < count; i++) draw(1, [5, 9], 0.05, random.uniform(170, 300));
  return mask;
}
