import { describe, expect, test } from 'vitest';
import { IMAGENET } from '../../backbones/backbone.js';
import { describeAugmentation, trainAugmentation } from '../../configs/augmentation.js';
import { checkKeys } from '../../configs/checkKeys.js';
import { parseExperiment } from '../../configs/read.js';
import type { Experiment } from '../../configs/schema.js';
import { ConfigError } from '../../engine/errors.js';

const rgb = (count: number) => ({ count, type: 'uint8' as const, channels: 3 });
const parse = (task: string, augment: object = {}, data: object = { kind: 'coco', root: '/data' }) =>
  parseExperiment({ task, data, augment }, 'test');
/** What is wrong with a config, all of it. */
const said = (experiment: Experiment): string =>
  checkKeys(experiment)
    .map(({ path, message }) => `${path.join('.')}: ${message}`)
    .join('\n');
const of = (task: string, count: number, augment: object = {}) =>
  trainAugmentation(parse(task, augment), [320, 320], IMAGENET, rgb(count));

describe('what is chosen by the number of images', () => {
  test.each(['detection', 'instances', 'classification'])('up to 1000 nothing is added: %s', (task) => {
    const config = of(task, 1000);
    expect([config.policy, config.mixing, config.ops]).toEqual([undefined, undefined, undefined]);
    expect(config.color).toEqual({ brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.02 });
  });

  test.each([
    ['detection', 'detection-v0', 0.5],
    ['instances', 'trivial-color', 0.5],
    ['classification', 'rand-m9-mstd0.5', undefined],
  ] as const)('above, %s gets %s, which changes colours itself', (task, policy, mosaic) => {
    const config = of(task, 1001);
    expect(config.policy).toBe(policy);
    expect(config.mixing?.mosaic?.probability).toBe(mosaic);
    expect(config.color).toEqual({ brightness: 0, contrast: 0, saturation: 0, hue: 0 });
  });

  test('what is stated stays', () => {
    const config = of('detection', 5000, { policy: 'none', mosaic: { probability: 0 }, hue: 0.1 });
    expect([config.policy, config.mixing]).toEqual([undefined, undefined]);
    expect(config.color).toEqual({ brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.1 });
    expect(of('detection', 5, { policy: 'detection-v2', brightness: 0.4 }).color.brightness).toBe(0.4);
  });

  test('and is said', () => {
    const say = (count: number, augment: object = {}) =>
      describeAugmentation(parse('detection', augment), of('detection', count, augment), rgb(count));
    expect(say(96)).toBe('flips, scale and colour, as 96 images are no more than 1000');
    expect(say(4000)).toBe(
      'detection-v0, mosaic 0.5 but for the last 15 % of the epochs, as 4000 images are more than 1000',
    );
    const own = {
      policy: 'none',
      mosaic: { probability: 0.2, closeEpochs: 3 },
      ops: [{ op: 'jpeg', range: [40, 90] }],
    };
    expect(say(4000, own)).toBe('flips, scale and colour, jpeg, mosaic 0.2 but for the last 3 epochs');
  });
});

test('nnunet brings its scale, flips and turns with it', () => {
  const config = trainAugmentation(
    parse('segmentation', { policy: 'nnunet' }, { kind: 'masks', root: '/data' }),
    [128, 128],
    IMAGENET,
    {
      count: 9,
      type: 'float32',
      channels: 2,
    },
  );
  expect(config.scale).toEqual([1, 1]);
  expect([config.flipHorizontal, config.flipVertical, config.rotate90]).toEqual([0.5, 0.5, 0]);
});

describe('what cannot be is refused where the config is read, or the images are known', () => {
  test.each([
    [{ policy: 'detection-v0' }, 'equalize is for 8-bit RGB images, these are uint16 of 1 channels'],
    [{ ops: [{ op: 'jpeg', range: [10, 90] }] }, 'jpeg is for 8-bit RGB images, these are uint16 of 1 channels'],
  ])('%j of deep images', (augment, message) => {
    const images = { count: 9, type: 'uint16' as const, channels: 1 };
    expect(() => trainAugmentation(parse('detection', augment), [64, 64], IMAGENET, images)).toThrow(message);
    expect(() => trainAugmentation(parse('detection', augment), [64, 64], IMAGENET, images)).toThrow(ConfigError);
    const data = { kind: 'coco', root: '/data', intensity: 'percentile' };
    expect(said(parse('detection', augment, data))).toMatch(
      /is for 8-bit RGB images, and with data.intensity: percentile/,
    );
  });

  test.each([
    ['detection', { ops: [{ op: 'rotate' }] }, /rotate needs its range: degrees, counter-clockwise, from -180 to 180/],
    [
      'detection',
      { ops: [{ op: 'blur', range: [-1, 2] }] },
      /blur takes sigma, pixels of the input, from 0 to 20, not \[-1, 2\]/,
    ],
    ['detection', { ops: [{ op: 'blur', range: [3, 2] }] }, /smaller value comes first: \[2, 3\]/],
    ['detection', { ops: [{ op: 'twirl' }] }, /twirl|rotate/],
    ['detection', { policy: 'rand-m9-mstd' }, /policy/],
    ['detection', { copyPaste: { probability: 0.5 } }, /copyPaste cannot join objects without masks/],
    ['classification', { mosaic: { probability: 0.5 } }, /mosaic cannot join classes of whole images/],
    [
      'detection',
      { fit: 'native', foreground: 0.3 },
      /foreground chooses crops of class maps, and detection has objects/,
    ],
  ])('%s %j', (task, augment, message) => {
    expect(() => {
      throw new ConfigError(said(parse(task, augment)));
    }).toThrow(message);
  });
});
