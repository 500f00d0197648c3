import { expect, test } from 'vitest';
import { decodeDeep } from '../../../datasets/decode/decodeDeep.js';
import { decodeImage } from '../../../datasets/decode/decodeImage.js';
import { omeSpacing } from '../../../datasets/decode/ome.js';
import { drawTiff } from './drawTiff.js';

const ome = (sizes: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" SizeX="3" SizeY="2" Type="uint16" ${sizes}><Channel ID="0"/></Pixels></Image></OME>`;

test.each([
  ['PhysicalSizeX="0.5" PhysicalSizeY="0.25"', [0.00025, 0.0005]],
  ['PhysicalSizeX="0.5" PhysicalSizeXUnit="µm" PhysicalSizeY="250" PhysicalSizeYUnit="nm"', [0.00025, 0.0005]],
  ['PhysicalSizeX="2" PhysicalSizeXUnit="&#181;m" PhysicalSizeY="1" PhysicalSizeYUnit="&#xB5;m"', [0.001, 0.002]],
  ["PhysicalSizeX='0.7' PhysicalSizeXUnit='mm' PhysicalSizeY='0.07' PhysicalSizeYUnit='cm'", [0.7, 0.7]],
])('%s is a spacing in millimetres', (sizes, wanted) => {
  expect(omeSpacing(ome(sizes))).toEqual(wanted.map((value) => expect.closeTo(value, 12)));
});

test.each([
  ome(''),
  ome('PhysicalSizeX="1"'),
  ome('PhysicalSizeX="1" PhysicalSizeY="0"'),
  ome('PhysicalSizeX="1" PhysicalSizeY="-2"'),
  ome('PhysicalSizeX="1" PhysicalSizeY="1e999"'),
  ome('PhysicalSizeX="1" PhysicalSizeY="x"'),
  ome('PhysicalSizeX="1" PhysicalSizeXUnit="pixel" PhysicalSizeY="1" PhysicalSizeYUnit="pixel"'),
  '<OME',
  'ImageJ=1.53 PhysicalSizeX="1" PhysicalSizeY="1"',
  '',
])('%s says none', (description) => {
  expect(omeSpacing(description)).toBeNull();
});

test('an OME-TIFF has its spacing in its own depth and for the eye', async () => {
  const page = { width: 3, height: 2, type: 'uint16', values: [0, 1, 2, 3, 4, 65_535] } as const;
  const bytes = drawTiff({ ...page, description: ome('PhysicalSizeX="0.5" PhysicalSizeY="0.25"') });
  const spacing = [expect.closeTo(0.00025, 12), expect.closeTo(0.0005, 12)];
  expect(await decodeDeep(bytes)).toMatchObject({ width: 3, height: 2, spacing, data: Uint16Array.from(page.values) });
  expect(await decodeImage(bytes, { onNote: () => {} })).toMatchObject({ spacing });
  expect(await decodeDeep(drawTiff(page))).not.toHaveProperty('spacing');
  expect(await decodeDeep(drawTiff({ ...page, description: 'made by hand' }))).not.toHaveProperty('spacing');
});
