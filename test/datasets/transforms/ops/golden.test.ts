import { readFileSync } from 'node:fs';
import { unzlibSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { transformBoxes } from '../../../../datasets/transforms/boxes.js';
import { movementOf } from '../../../../datasets/transforms/calls.js';
import { type OpName, opOf } from '../../../../datasets/transforms/ops/index.js';
import { squareTo } from '../../../../datasets/transforms/ops/perspective.js';
import { warpImage } from '../../../../datasets/transforms/warp.js';
import { createRandom } from '../../../../engine/random.js';

type Corner = readonly [number, number];
interface Case {
  readonly source: string;
  readonly op: OpName;
  readonly value: number;
  readonly corners?: readonly [Corner, Corner, Corner, Corner];
}
interface Golden {
  readonly rows: number;
  readonly columns: number;
  readonly cases: readonly Case[];
  readonly data: string;
  readonly boxes: {
    readonly side: number;
    readonly given: readonly (readonly number[])[];
    readonly moved: readonly { readonly op: OpName; readonly value: number; readonly boxes: readonly number[][] }[];
  };
}

const golden = JSON.parse(
  readFileSync(new URL('../../../golden/augmentations/augmentations.json', import.meta.url), 'utf8'),
) as Golden;
const { rows, columns } = golden;
const count = rows * columns * 3;
const frame = { left: 0, top: 0, width: columns, height: rows };

/** As the generator draws it. */
const pixels = Uint8Array.from({ length: count }, (_, i) => {
  const [c, x, y] = [i % 3, Math.floor(i / 3) % columns, Math.floor(i / 3 / columns)];
  return ((7 * x * (c + 1) + 11 * y + 2 * ((x * y * (c + 3)) % 29) + 40 * c) % 200) + 20;
});
const deep = Float32Array.from(pixels, (value) => (value - 120) / 60);

/** What this library makes of the image. */
function changed({ op: name, value, corners }: Case, image: Uint8Array | Float32Array): Uint8Array | Float32Array {
  const op = opOf(name);
  if (op.kind === 'bending') throw new Error(`${name} is no op of others`);
  const into = image.slice();
  const fill = image instanceof Uint8Array ? [128, 128, 128] : [0, 0, 0];
  if (op.kind === 'geometric') {
    const map = corners
      ? squareTo(columns, rows, corners)
      : movementOf([{ op: name, value }], frame, createRandom([1]));
    warpImage({ data: image, width: columns, height: rows }, map, into, [rows, columns], fill);
    return into;
  }
  const region = { left: 0, top: 0, right: columns, bottom: rows };
  const random = createRandom([1]);
  const canvas = { pixels: into, width: columns, channels: 3, region, first: 0, end: 3, fill, random };
  op.apply({ ...canvas, spread: [1, 1, 1], boxes: new Float64Array(0) }, value, value);
  return into;
}

describe('an op gives what others give', () => {
  const bytes = unzlibSync(Buffer.from(golden.data, 'base64'));
  let offset = 0;
  const cases = golden.cases.map((one) => {
    const isDeep = one.source === 'batchgeneratorsv2';
    const part = bytes.slice(offset, offset + count * (isDeep ? 4 : 1));
    offset += part.length;
    return { ...one, isDeep, wanted: isDeep ? new Float32Array(part.buffer) : part };
  });
  test.each(cases.filter(({ op }) => op !== 'jpeg'))('$source $op $value', ({ isDeep, wanted, ...one }) => {
    const found = changed(one, isDeep ? deep : pixels);
    const worst = Array.from(found).reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (wanted[i] as number))),
      0,
    );
    expect(worst).toBeLessThanOrEqual(isDeep ? 2e-5 : 1);
  });

  test.each(cases.filter(({ op }) => op === 'jpeg'))(
    '$source $op $value, but for coefficients that lie between two steps of the table',
    ({ wanted, ...one }) => {
      const differences = Array.from(changed(one, pixels), (value, i) => Math.abs(value - (wanted[i] as number)));
      expect(differences.filter((difference) => difference > 1).length / count).toBeLessThan(0.15);
      expect(differences.reduce((sum, difference) => sum + difference, 0) / count).toBeLessThan(1.2);
    },
  );
});

describe('boxes move as those of google/automl', () => {
  const { side, given, moved } = golden.boxes;
  test.each(moved)('$op $value', ({ op, value, boxes }) => {
    const isShift = op.startsWith('translate');
    const map = movementOf(
      [{ op, value: isShift ? value / side : value }],
      { left: 0, top: 0, width: side, height: side },
      createRandom([1]),
    );
    given.forEach(([y1 = 0, x1 = 0, y2 = 0, x2 = 0], i) => {
      const truth = transformBoxes(
        {
          kind: 'boxes',
          boxes: Float64Array.of(x1, y1, x2, y2).map((part) => part * side),
          labels: Int32Array.of(0),
          ignored: Uint8Array.of(0),
          areas: Float64Array.of(1),
        },
        map,
        [side, side],
        0,
      );
      const [top = 0, left = 0, bottom = 0, right = 0] = (boxes[i] ?? []).map((part) => part * side);
      [left, top, right, bottom].forEach((edge, k) => {
        // whole pixels there
        expect(Math.abs((truth.boxes[k] ?? Number.NaN) - edge)).toBeLessThanOrEqual(2);
      });
    });
  });
});
