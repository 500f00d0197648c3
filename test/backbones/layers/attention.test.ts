import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { attention, layerScale, positionEmbedding } from '../../../backbones/layers/index.js';
import { smoothCubicWeights } from '../../../backbones/layers/positions.js';
import { createParameters, type Parameters } from '../../../backbones/parameters.js';
import { createRandom } from '../../../engine/random.js';

let parameters: Parameters = createParameters(1);
afterEach(() => {
  parameters.dispose();
  parameters = createParameters(1);
});
const INFERENCE = { training: false } as const;
const variable = (name: string): tf.Variable => parameters.parameters.get(name)?.variable as tf.Variable;
const rowsOf = (values: tf.Tensor | Float32Array, width: number): number[][] => {
  const flat = [...(values instanceof tf.Tensor ? values.dataSync<'float32'>() : values)];
  return Array.from({ length: flat.length / width }, (_, row) => flat.slice(row * width, (row + 1) * width));
};

/** A row times a matrix [in, out], plus a bias. */
const affine = (row: readonly number[], matrix: readonly (readonly number[])[], bias: readonly number[]): number[] =>
  bias.map((offset, out) => row.reduce((sum, value, i) => sum + value * (matrix[i]?.[out] ?? 0), offset));

describe.each(['parts', 'heads'] as const)('attention whose queries, keys and values come in %s', (order) => {
  const [channels, heads, key, value, T] = [4, 2, 3, 5, 6] as const;
  const total = 2 * key + value;

  it('is the softmax of scaled products, head by head', () => {
    const bias = Float32Array.from({ length: heads * T * T }, (_, i) => Math.sin(i));
    const layer = attention(parameters, 'a', {
      channels,
      heads,
      keyWidth: key,
      valueWidth: value,
      order,
      bias: () => tf.tensor3d(bias, [heads, T, T]),
    });
    const random = createRandom([5]);
    for (const { variable: weights } of parameters.parameters.values()) {
      const drawn = Float32Array.from({ length: weights.size }, () => random.normal());
      tf.tidy(() => weights.assign(tf.tensor(drawn, weights.shape)));
    }
    const input = tf.tensor4d(
      Float32Array.from({ length: T * channels }, () => random.normal()),
      [1, 2, 3, channels],
    );
    const qkv = rowsOf(input, channels).map((row) =>
      affine(row, rowsOf(variable('a.qkv.weight'), total * heads), [...variable('a.qkv.bias').dataSync()]),
    );
    const part = (row: readonly number[], head: number, which: 0 | 1 | 2): number[] => {
      const width = which === 2 ? value : key;
      const start = order === 'heads' ? head * total + which * key : which * key * heads + head * width;
      return row.slice(start, start + width);
    };
    const expected = qkv.map((row, t) => {
      const answers = Array.from({ length: heads }, (_, head) => {
        const scores = qkv.map((other, s) => {
          const product = part(row, head, 0).reduce((sum, q, i) => sum + q * (part(other, head, 1)[i] ?? 0), 0);
          return product / Math.sqrt(key) + (bias[(head * T + t) * T + s] ?? 0);
        });
        const exponentials = scores.map((score) => Math.exp(score - Math.max(...scores)));
        const norm = exponentials.reduce((sum, weight) => sum + weight, 0);
        return Array.from({ length: value }, (_, i) =>
          qkv.reduce((sum, other, s) => sum + ((exponentials[s] ?? 0) / norm) * (part(other, head, 2)[i] ?? 0), 0),
        );
      }).flat();
      return affine(answers, rowsOf(variable('a.proj.weight'), channels), [...variable('a.proj.bias').dataSync()]);
    });
    const output = tf.tidy(() => layer(input, INFERENCE));
    expect(output.shape).toEqual([1, 2, 3, channels]);
    rowsOf(output, channels).forEach((row, t) => {
      row.forEach((found, i) => {
        expect(found).toBeCloseTo(expected[t]?.[i] ?? Number.NaN, 4);
      });
    });
    tf.dispose([input, output]);
  });
});

describe('position embeddings', () => {
  it('are those of the table where the grid is the one they were made for', () => {
    const positions = positionEmbedding(parameters, 'p', { side: 3, channels: 2 });
    const table = [...variable('p').dataSync()];
    tf.tidy(() => {
      const [token, cells] = positions(3, 3);
      expect([...token.dataSync()]).toEqual(table.slice(0, 2));
      expect([...cells.dataSync()]).toEqual(table.slice(2));
      expect(cells.shape).toEqual([1, 3, 3, 2]);
      expect(positions(2, 5)[1].shape).toEqual([1, 2, 5, 2]);
    });
  });

  it.each([
    [14, 14],
    [14, 18],
    [14, 6],
    [14, 1],
    [3, 7],
  ])('are resized from %i to %i by weights that sum to 1 and mirror themselves', (from, to) => {
    const rows = rowsOf(smoothCubicWeights(from, to), from);
    expect(rows).toHaveLength(to);
    for (const [i, row] of rows.entries()) {
      expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 6);
      const mirrored = [...(rows[to - 1 - i] ?? [])].reverse();
      row.forEach((weight, k) => {
        expect(weight).toBeCloseTo(mirrored[k] ?? Number.NaN, 6);
      });
      if (from === to) expect(row[i]).toBe(1);
    }
  });
});

it('layer scale multiplies every channel by its factor, which starts where it is told', () => {
  const layer = layerScale(parameters, 'ls.gamma', 2, 0.25);
  tf.tidy(() => {
    const input = tf.tensor4d([1, 2, 3, 4], [1, 1, 2, 2]);
    expect([...layer(input, INFERENCE).dataSync()]).toEqual([0.25, 0.5, 0.75, 1]);
    variable('ls.gamma').assign(tf.tensor1d([1, -2]));
    expect([...layer(input, INFERENCE).dataSync()]).toEqual([1, -4, 3, -8]);
  });
});
