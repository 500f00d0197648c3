import { expect, it } from 'vitest';
import { alikeGroups, type Fingerprint, fingerprint } from '../../../datasets/pictures/index.js';
import { createRandom } from '../../../engine/random.js';

const draw = (seed: number, change = 0) => {
  const random = createRandom([seed]);
  const [width, height] = [40, 30];
  const blocks = Uint8Array.from({ length: 12 }, () => random.integer(200));
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    data.fill(Math.min(255, blocks[Math.floor(y / 10) * 4 + Math.floor(x / 10)]! + change), i * 3, i * 3 + 3);
  }
  return { data, width, height };
};

it('images that differ in brightness alone look alike, others do not', () => {
  const prints = [draw(1), draw(2), draw(1, 9), draw(3)].map(fingerprint);
  expect(alikeGroups(prints)).toEqual([{ members: [0, 2], bits: 0 }]);
  expect(alikeGroups([])).toEqual([]);
});

it('an image of one pixel, and one of a single brightness, look like nothing', () => {
  const dot = { data: new Uint8Array(3), width: 1, height: 1 };
  const flat = { data: new Uint8Array(3 * 64).fill(9), width: 8, height: 8 };
  expect([dot, dot, flat, flat].map(fingerprint).map(({ cells }) => cells)).toEqual([null, null, null, null]);
  expect(alikeGroups([dot, dot, flat, flat].map(fingerprint))).toEqual([]);
});

it('an image at half the size looks alike, one turned over does not', () => {
  const image = draw(4);
  const half = { data: new Uint8Array(20 * 15 * 3), width: 20, height: 15 };
  for (let i = 0; i < 300; i++) {
    const at = (2 * Math.floor(i / 20) * 40 + 2 * (i % 20)) * 3;
    half.data.set(image.data.subarray(at, at + 3), i * 3);
  }
  const turned = { ...image, data: image.data.slice().reverse() };
  expect(alikeGroups([image, half, turned].map(fingerprint)).map(({ members }) => members)).toEqual([[0, 1]]);
});

/** Of random bits, with cells that are these bits: what is near by one is near by the other. */
function madeUp(random: ReturnType<typeof createRandom>): Fingerprint {
  const hash = [random.integer(2 ** 32), random.integer(2 ** 32)] as const;
  const cells = Float32Array.from({ length: 256 }, () => random.integer(2) / 8 - 1 / 16);
  return { hash, cells, aspect: 1 };
}
const flipped = ({ hash, ...rest }: Fingerprint, bits: number): Fingerprint => ({
  ...rest,
  hash: [(hash[0] ^ (2 ** bits - 1)) >>> 0, hash[1]],
});

it('of many hashes those within seven bits are found, wherever the bits are', () => {
  const random = createRandom([7]);
  const prints = Array.from({ length: 20_000 }, () => madeUp(random));
  const [near, far] = [flipped(prints[11]!, 7), flipped(prints[12]!, 8)];
  const spread = { ...prints[13]!, hash: [prints[13]!.hash[0] ^ 0x10101, prints[13]!.hash[1] ^ 0x1010101] as const };
  expect(alikeGroups([...prints, near, far, spread])).toEqual([
    { members: [11, 20_000], bits: 7 },
    { members: [13, 20_002], bits: 7 },
  ]);
});

it('the same image many times is one group', () => {
  const print = madeUp(createRandom([8]));
  const [group] = alikeGroups(Array.from({ length: 50_000 }, () => print));
  expect(group?.members).toHaveLength(50_000);
});

it('texts are alike where they are the same', () => {
  expect(alikeGroups(['a', 'b', 'a'])).toEqual([{ members: [0, 2], bits: 0 }]);
});
