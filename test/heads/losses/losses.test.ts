import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { crossEntropyLoss } from '../../../heads/losses/crossEntropy.js';
import { diceLoss } from '../../../heads/losses/dice.js';
import { distributionFocalLoss, expectation } from '../../../heads/losses/distributionFocal.js';
import { focalLoss } from '../../../heads/losses/focal.js';
import { huberLoss } from '../../../heads/losses/huber.js';
import { iouLoss } from '../../../heads/losses/iou.js';
import { qualityFocalLoss } from '../../../heads/losses/qualityFocal.js';
import { type LossTerm, meanLoss, quotient, reduceLosses } from '../../../heads/losses/term.js';
import { golden } from '../../data.js';

interface Recorded {
  readonly shape: readonly number[];
  readonly value: readonly number[];
}
interface Entry {
  readonly id: string;
  readonly args: { readonly [name: string]: number | string | boolean | readonly number[] };
  readonly inputs: { readonly [name: string]: Recorded };
  readonly out: Recorded;
  readonly grad_of_sum?: { readonly [name: string]: Recorded };
}

const { entries } = golden<{ entries: readonly Entry[] }>('heads/losses.json.gz');
const select = (...ids: string[]) =>
  entries.filter(({ id }) => ids.includes(id)).map((entry) => [title(entry), entry] as const);
const title = ({ id, args }: Entry) => `${id} ${JSON.stringify(args)}`;
const tensor = ({ shape, value }: Recorded) => tf.tensor([...value], [...shape], 'float32');

/** float32 against float64 references: a few units in the last place of values up to 10. */
const TOLERANCE = 3e-6;
function expectClose(actual: tf.Tensor, expected: readonly number[]): void {
  const values = actual.dataSync();
  expect(values.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs(values[i]! - value)).toBeLessThanOrEqual(TOLERANCE * Math.max(1, Math.abs(value)));
  });
}

/** Value and gradient of the sum, by the first argument. */
function check(entry: Entry, name: string, loss: (x: tf.Tensor) => tf.Tensor, layout = (x: tf.Tensor) => x): void {
  tf.tidy(() => {
    const input = tensor(entry.inputs[name]!);
    expectClose(loss(layout(input)), entry.out.value);
    const gradient = entry.grad_of_sum?.[name];
    if (gradient) expectClose(tf.grad((x) => tf.sum(loss(layout(x))))(input), gradient.value);
  });
}

/** The value of a term whose batch is all there is. */
const scalarOf = ({ sums, value }: LossTerm): tf.Scalar => value(sums);

const rows = (x: tf.Tensor) => tf.reshape(tf.transpose(x, [0, 2, 3, 1]), [-1, x.shape[1]!]);
const labelsOf = (recorded: Recorded, ignored: unknown) =>
  tf.tensor1d(
    recorded.value.map((label) => (label === ignored ? -1 : label)),
    'int32',
  );

describe('focal loss', () => {
  it.each(select('effdet.new_focal_loss'))('equals %s, value and gradient', (_, entry) => {
    const { alpha, gamma, normalizer, label_smoothing } = entry.args as { [name: string]: number };
    const options = { alpha: alpha!, gamma: gamma!, labelSmoothing: label_smoothing! };
    const targets = tensor(entry.inputs.targets!);
    check(entry, 'logits', (x) => tf.div(focalLoss(x, targets, options), normalizer!));
  });

  it.each(
    select('torchvision.sigmoid_focal_loss').filter(([, { args }]) => args.reduction === 'none' && args.alpha === 0.25),
  )('equals %s, value and gradient', (_, entry) => {
    const options = { alpha: 0.25, gamma: entry.args.gamma as number, labelSmoothing: 0 };
    const targets = tensor(entry.inputs.targets!);
    check(entry, 'inputs', (x) => focalLoss(x, targets, options));
  });

  it('is finite, and its gradient, for logits far away on the wrong side', () => {
    const options = { alpha: 0.25, gamma: 1.5, labelSmoothing: 0 };
    const [value, gradient] = tf.tidy(() => {
      const x = tf.tensor1d([-100, 100, 100, -100]);
      const targets = tf.tensor1d([1, 0, 1, 0]);
      return [
        focalLoss(x, targets, options).dataSync(),
        tf
          .grad((y) => focalLoss(y, targets, options))(x)
          .dataSync(),
      ];
    });
    expect([...value!]).toEqual([25, 75, 0, 0]);
    expect([...gradient!]).toEqual([-0.25, 0.75, 0, 0]);
  });
});

describe('huber loss', () => {
  it.each(select('effdet.huber_loss').filter(([, { inputs }]) => !inputs.weights))('equals %s', (_, entry) => {
    const targets = tensor(entry.inputs.target!);
    const reduce = entry.args.size_average ? tf.mean : tf.sum;
    check(entry, 'input', (x) => reduce(huberLoss(x, targets, entry.args.delta as number)));
  });
});

describe('quality focal loss', () => {
  it('has the values of the formula, and none where the score is the quality', () => {
    tf.tidy(() => {
      const logits = tf.tensor1d([0, 0, 0, Math.log(3), Math.log(3)]);
      const wanted = tf.tensor1d([1, 0, 0.5, 0.75, 0]);
      // at 0.5: 0.25 log 2 of 1 and of 0, nothing of 0.5; at 0.75: nothing of 0.75, 0.5625 log 4 of 0
      const values = [0.25 * Math.LN2, 0.25 * Math.LN2, 0, 0, 0.5625 * Math.log(4)];
      expectClose(qualityFocalLoss(logits, wanted, 2), values);
      const far = tf.tensor1d([-100, 100]);
      expectClose(qualityFocalLoss(far, tf.tensor1d([1, 0]), 2), [100, 100]);
    });
  });
});

describe('distribution focal loss', () => {
  it('shares a number between its two neighbours', () => {
    tf.tidy(() => {
      const logits = tf.tensor2d([0, 0, 0, 0, Math.log(2), Math.log(1), Math.log(4), Math.log(1), 0, 0, 0, 0], [3, 4]);
      // equal bins: log 4; 1.25 between 1 / 8 and 4 / 8: 0.75 log 8 + 0.25 log 2; the end itself: log 4
      const values = [Math.log(4), 0.75 * Math.log(8) + 0.25 * Math.log(2), Math.log(4)];
      expectClose(distributionFocalLoss(logits, tf.tensor1d([0.5, 1.25, 3])), values);
      expectClose(expectation(logits), [1.5, (1 + 8 + 3) / 8, 1.5]);
    });
  });
});

describe('IoU losses', () => {
  const recorded = golden<{ entries: readonly Entry[] }>('heads/iou_losses.json.gz').entries;

  it.each([
    ['giou', 'torchvision.generalized_box_iou_loss'],
    ['diou', 'torchvision.distance_box_iou_loss'],
    ['ciou', 'torchvision.complete_box_iou_loss'],
  ] as const)('%s equals %s, value and gradient, also of boxes apart and one in the other', (kind, id) => {
    const { inputs, out, grad_of_sum } = recorded.find((entry) => entry.id === id) as Entry;
    tf.tidy(() => {
      // seen from the origin: left and top are below 0
      const seen = (x: tf.Tensor) => tf.mul(x, tf.tensor1d([-1, -1, 1, 1]));
      const truth = seen(tensor(inputs.boxes2!));
      const loss = (x: tf.Tensor) => iouLoss(seen(x), truth, kind);
      const values = loss(tensor(inputs.boxes1!)).dataSync();
      out.value.forEach((value, i) => {
        expect(values[i]).toBeCloseTo(value, 5);
      });
      const gradient = tf
        .grad((x) => tf.sum(loss(x)))(tensor(inputs.boxes1!))
        .dataSync();
      // boxes that are equal or share a side have no gradient of their own there: either side's is one
      grad_of_sum!.boxes1!.value.slice(0, 28).forEach((value, i) => {
        expect(Math.abs(gradient[i]! - value)).toBeLessThan(2e-5);
      });
    });
  });
});

describe('cross-entropy', () => {
  const hard = (name: string) =>
    select(name).filter(([, { args }]) => args.reduction === 'mean' && !args.label_smoothing);

  it.each([
    ...hard('torch.cross_entropy'),
    ...hard('torch.cross_entropy(ignore)'),
    ...hard('torch.cross_entropy(weight)'),
  ])('equals %s, value and gradient', (_, entry) => {
    const labels = labelsOf(entry.inputs.target!, entry.args.ignore_index);
    const weights = entry.inputs.weight?.value ?? null;
    check(entry, 'input', (x) => scalarOf(crossEntropyLoss(x as tf.Tensor2D, labels, weights)));
  });

  it.each(hard('torch.cross_entropy(2d)'))('equals %s, value and gradient', (_, entry) => {
    const labels = labelsOf(entry.inputs.target!, entry.args.ignore_index);
    check(entry, 'input', (x) => scalarOf(crossEntropyLoss(x as tf.Tensor2D, labels, null)), rows);
  });
});

describe('dice loss', () => {
  const plain = (name: string) =>
    select(name).filter(([, { args }]) => args.mode === 'multiclass' && !args.log_loss && !args.classes);

  it.each([...plain('smp.DiceLoss'), ...plain('smp.DiceLoss(class absent)')])(
    'equals %s, value and gradient',
    (_, entry) => {
      const labels = labelsOf(entry.inputs.y_true!, entry.args.ignore_index);
      const smooth = (entry.args.smooth as number | undefined) ?? 0;
      check(entry, 'y_pred', (x) => scalarOf(diceLoss(x as tf.Tensor2D, labels, smooth)), rows);
    },
  );
});

describe('with nothing labelled', () => {
  const labels = () => tf.fill([3], -1, 'int32') as tf.Tensor1D;
  const logits = () => tf.tensor2d([1, -2, 0.5, 3, 2, 2], [3, 2]);

  it.each([
    ['cross-entropy', (x: tf.Tensor) => scalarOf(crossEntropyLoss(x as tf.Tensor2D, labels(), null))],
    ['dice', (x: tf.Tensor) => scalarOf(diceLoss(x as tf.Tensor2D, labels(), 1))],
  ] as const)('%s is 0 and so is its gradient', (_, loss) => {
    tf.tidy(() => {
      expect(Math.abs(loss(logits()).dataSync()[0]!)).toBe(0);
      expect([...tf.grad(loss)(logits()).dataSync()].map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
    });
  });
});

describe('gradients against finite differences', () => {
  const values = [0.31, -1.22, 2.05, 0.07, -0.4, 0.93];
  const hot = () => tf.tensor1d([1, 0, 0, 1, 0, 1]);
  const classes = () => tf.tensor1d([2, 0], 'int32');
  const pairs = (x: tf.Tensor) => tf.reshape(x, [2, 3]) as tf.Tensor2D;

  it.each([
    ['focal', (x: tf.Tensor) => tf.sum(focalLoss(x, hot(), { alpha: 0.3, gamma: 1.5, labelSmoothing: 0.1 }))],
    ['huber', (x: tf.Tensor) => tf.sum(huberLoss(x, hot(), 0.5))],
    ['quality focal', (x: tf.Tensor) => tf.sum(qualityFocalLoss(x, tf.tensor1d([0.9, 0, 0.3, 0.5, 1, 0]), 2))],
    [
      'quality focal, power 1.5',
      (x: tf.Tensor) => tf.sum(qualityFocalLoss(x, tf.tensor1d([0.9, 0, 0.3, 0.1, 1, 0]), 1.5)),
    ],
    ['distribution focal', (x: tf.Tensor) => tf.sum(distributionFocalLoss(pairs(x), tf.tensor1d([1.3, 0])))],
    ['expectation', (x: tf.Tensor) => tf.sum(expectation(pairs(x)))],
    ['cross-entropy', (x: tf.Tensor) => scalarOf(crossEntropyLoss(pairs(x), classes(), [1, 2, 0.5]))],
    ['dice', (x: tf.Tensor) => scalarOf(diceLoss(pairs(x), classes(), 0.5))],
  ] as const)('%s', (_, loss) => {
    tf.tidy(() => {
      const gradient = tf.grad(loss)(tf.tensor1d(values)).dataSync();
      const step = 1e-2;
      values.forEach((value, i) => {
        const at = (shift: number) => loss(tf.tensor1d(values.with(i, value + shift))).dataSync()[0]!;
        const slope = (at(step) - at(-step)) / (2 * step);
        expect(Math.abs(gradient[i]! - slope)).toBeLessThan(1e-3); // float32 values over a step of 0.01
      });
    });
  });
});

describe('the loss of a batch', () => {
  it('is the weighted sum of its terms, each from sums that add up over parts of the batch', () => {
    tf.tidy(() => {
      const logits = tf.tensor2d([1, -2, 0.5, 3, 2, 2, -1, 0.25], [4, 2]);
      const labels = tf.tensor1d([0, 1, 1, 0], 'int32');
      const termsOf = (from: number, count: number) => ({
        entropy: crossEntropyLoss(tf.slice(logits, [from, 0], [count, 2]), tf.slice(labels, from, count), [1, 3]),
        dice: { ...diceLoss(tf.slice(logits, [from, 0], [count, 2]), tf.slice(labels, from, count), 1), weight: 0.5 },
      });
      const [whole, first, second] = [termsOf(0, 4), termsOf(0, 1), termsOf(1, 3)];
      for (const name of ['entropy', 'dice'] as const) {
        const added = first[name].sums.map((sum, i) => tf.add(sum, second[name].sums[i]!));
        expect(whole[name].value(added).dataSync()[0]).toBeCloseTo(scalarOf(whole[name]).dataSync()[0]!, 6);
      }
      const { total, entropy, dice } = reduceLosses(whole);
      expect(total.dataSync()[0]).toBeCloseTo(entropy.dataSync()[0]! + 0.5 * dice.dataSync()[0]!, 6);
      expect(() => reduceLosses({})).toThrow(TypeError);
      expect(() => reduceLosses({ total: whole.dice })).toThrow(/none called 'total'/);
    });
  });

  it('divides by the count, what is added to it, and not by less than it may', () => {
    tf.tidy(() => {
      const [six, none] = [tf.scalar(6), tf.scalar(0)];
      const value = (term: LossTerm) => scalarOf(term).dataSync()[0];
      expect(value(quotient(six, tf.scalar(2), { plus: 1, times: 4 }))).toBe(0.5);
      expect(value(quotient(six, none, { least: 3 }))).toBe(2);
      expect(value(meanLoss(six))).toBe(6);
    });
  });
});
