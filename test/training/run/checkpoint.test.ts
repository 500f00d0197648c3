import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Preprocessing } from '../../../backbones/backbone.js';
import { EspalierError, WeightsError } from '../../../engine/errors.js';
import { createRandom } from '../../../engine/random.js';
import { aroundDigest, digestPosition } from '../../../training/checkpoint.js';
import { createEma } from '../../../training/ema.js';
import { createAdamW } from '../../../training/optimizers.js';
import { loadCheckpoint, requireClasses } from '../../../training/run/checkpoint.js';
import { type CheckpointMetadata, readCheckpoint, writeCheckpoint } from '../../../training/run/checkpointFile.js';
import { captureState, captureWeights, restoreState } from '../../../training/state.js';
import type { HostTensor } from '../../../weights/hostTensor.js';
import { readSafetensors, writeSafetensors } from '../../../weights/safetensors.js';
import { createTinyModel, snapshot } from '../tinyModel.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-checkpoint-'));
  file = join(folder, 'last.safetensors');
});
afterEach(() => {
  tf.disposeVariables();
  rmSync(folder, { recursive: true, force: true });
});

const METADATA: CheckpointMetadata = {
  format: 'espalier-checkpoint',
  version: 1,
  step: 12,
  stepsPerEpoch: 5,
  totalSteps: 20,
  seconds: 3.5,
  seed: 1,
  optimizer: 'adamw',
  metric: 'AP',
  best: { step: 10, value: 0.1 + 0.2, report: { AP: 0.1 + 0.2, perClass: [{ name: 'a"sha256":"', AP: null }] } },
  latest: null,
  classes: [
    { id: 3, name: 'a' },
    { id: 17, name: 'b' },
  ],
  preprocessing: { channels: 'RGB', mean: [127, 127, 127], std: [128, 128, 128] },
  config: { task: 'detection', data: { classes: ['a', 'b'] } },
  versions: { node: '20' },
  engine: 'test',
};

const TENSORS = new Map<string, HostTensor>([
  ['head.weight', { dtype: 'F32', shape: [2, 3], data: Float32Array.from([1, -0, 1e-45, 3.4e38, 0.1, -2]) }],
  ['ema/head.weight', { dtype: 'F32', shape: [2, 3], data: new Float32Array(6).fill(0.5) }],
]);

describe('the file', () => {
  test('gives back every bit and every field', () => {
    writeCheckpoint(file, { tensors: TENSORS, metadata: METADATA });
    const { tensors, metadata } = readCheckpoint(file);
    expect(metadata).toEqual(METADATA);
    expect([...tensors.keys()].sort()).toEqual([...TENSORS.keys()].sort());
    for (const [name, { data }] of TENSORS) {
      const stored = tensors.get(name)?.data as Float32Array;
      expect(new Uint8Array(stored.buffer)).toEqual(new Uint8Array(data.buffer));
    }
  });

  test('is a plain safetensors file under the state-dict names', () => {
    writeCheckpoint(file, { tensors: TENSORS, metadata: METADATA });
    const { tensors, metadata } = readSafetensors(new Uint8Array(readFileSync(file)));
    expect(tensors.get('head.weight')?.shape).toEqual([2, 3]);
    expect(metadata.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('the same content gives the same bytes, and nothing is left beside the file', () => {
    writeCheckpoint(file, { tensors: TENSORS, metadata: METADATA });
    const first = readFileSync(file);
    writeCheckpoint(file, { tensors: TENSORS, metadata: METADATA });
    expect(readFileSync(file).equals(first)).toBe(true);
    expect(readdirSync(folder)).toEqual(['last.safetensors']);
  });

  test('a flipped bit in any byte is found', () => {
    writeCheckpoint(file, { tensors: TENSORS, metadata: METADATA });
    const bytes = new Uint8Array(readFileSync(file));
    const random = createRandom([1]);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] as number) ^ (1 << random.integer(8));
      writeFileSync(file, damaged);
      expect(() => readCheckpoint(file), `byte ${at}`).toThrow(WeightsError);
    }
  });

  test('a file that was cut off at any length is refused', () => {
    writeCheckpoint(file, { tensors: TENSORS, metadata: METADATA });
    const { length } = readFileSync(file);
    for (let size = length - 1; size >= 0; size -= 7) {
      truncateSync(file, size);
      expect(() => readCheckpoint(file), `${size} bytes`).toThrow(WeightsError);
    }
  });

  test('says that a damaged file is damaged, and that other weights are no checkpoint', () => {
    writeCheckpoint(file, { tensors: TENSORS, metadata: METADATA });
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(file, bytes);
    expect(() => readCheckpoint(file)).toThrow(/last\.safetensors is damaged \(its SHA-256 does not match/);
    writeFileSync(file, writeSafetensors(TENSORS));
    expect(() => readCheckpoint(file)).toThrow(/no checkpoint of espalier/);
  });

  test('a header that claims an absurd length is refused', () => {
    const bytes = new Uint8Array(64);
    new DataView(bytes.buffer).setBigUint64(0, 2n ** 62n, true);
    writeFileSync(file, bytes);
    expect(() => readCheckpoint(file)).toThrow(WeightsError);
  });

  test('a missing file is named', () => {
    expect(() => readCheckpoint(join(folder, 'none.safetensors'))).toThrow(/cannot read .*none\.safetensors/);
  });

  test('metadata that is no JSON is refused, also with a digest that fits', () => {
    writeCheckpoint(file, { tensors: TENSORS, metadata: METADATA });
    const bytes = readFileSync(file);
    bytes.write('x', bytes.indexOf('"espalier":"{') + '"espalier":"'.length);
    const at = digestPosition(file, bytes);
    const hash = createHash('sha256');
    for (const part of aroundDigest(bytes, at)) hash.update(part);
    bytes.write(hash.digest('hex'), at);
    writeFileSync(file, bytes);
    expect(() => readCheckpoint(file)).toThrow(/another version of espalier/);
  });

  test('metadata of another version is refused with the field', () => {
    const metadata = { ...METADATA, version: 2 } as unknown as CheckpointMetadata;
    writeCheckpoint(file, { tensors: TENSORS, metadata });
    expect(() => readCheckpoint(file)).toThrow(/another version of espalier \(version:/);
  });

  test('a file that cannot be written leaves the old one untouched', () => {
    mkdirSync(join(folder, 'taken.safetensors', 'x'), { recursive: true });
    expect(() => writeCheckpoint(join(folder, 'taken.safetensors'), { tensors: TENSORS, metadata: METADATA })).toThrow(
      EspalierError,
    );
    expect(() =>
      writeCheckpoint(join(folder, 'gone', 'a.safetensors'), { tensors: TENSORS, metadata: METADATA }),
    ).toThrow();
    expect(readdirSync(folder)).toEqual(['taken.safetensors']);
  });
});

describe('the state', () => {
  test('of model, optimizer and averages comes back bit for bit, in PyTorch layout on disk', async () => {
    const random = createRandom([5]);
    const fill = (model: ReturnType<typeof createTinyModel>) => {
      for (const { variable } of model.parameters.values()) {
        const values = Array.from({ length: variable.size }, () => random.normal());
        tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
      }
    };
    const create = () => {
      const model = createTinyModel();
      fill(model);
      const ema = createEma(model.parameters, 0.9);
      fill(model);
      return { model, optimizer: createAdamW(model.parameters), ema };
    };
    const [before, after] = [create(), create()];
    tf.tidy(() => {
      const gradients = before.optimizer.groups.map(({ shape }) => tf.randomNormal([...shape], 0, 1, 'float32', 3));
      const scalars = Object.entries(before.optimizer.scalars(0, 0.1));
      before.optimizer.update(gradients, Object.fromEntries(scalars.map(([name, value]) => [name, tf.scalar(value)])));
    });
    const tensors = await captureState(before);
    expect(tensors.get('backbone.stem.weight')?.shape).toEqual([4, 3]);
    expect(tensors.get('optimizer/first/backbone.stem.weight')?.shape).toEqual([4, 3]);
    const count = tf.memory().numTensors;
    const report = restoreState(after, { tensors });
    expect(report).toEqual({ missing: [], unused: [] });
    expect(tf.memory().numTensors).toBe(count);
    expect(snapshot(after.model)).toEqual(snapshot(before.model));
    expect(await captureState(after)).toEqual(tensors);
  });

  test('what its weights expect of an image goes into the network, as Node and as a browser read it', async () => {
    const model = createTinyModel();
    const expected = { channels: 'RGB', mean: [1, 2, 3], std: [4, 5, 6] } as const;
    const metadata = { ...METADATA, preprocessing: { ...expected, mean: [1, 2, 3], std: [4, 5, 6] } };
    writeCheckpoint(file, { tensors: await captureWeights(model, undefined), metadata });
    for (const stored of [readCheckpoint(file), readSafetensors(new Uint8Array(readFileSync(file)))]) {
      const other: { preprocessing?: Preprocessing } & typeof model = createTinyModel();
      loadCheckpoint(other, stored);
      expect(other.preprocessing).toEqual(expected);
    }
  });

  test('without averages is loaded as it is', async () => {
    const model = createTinyModel();
    const other = createTinyModel({ seed: 2 });
    loadCheckpoint(other, { tensors: await captureWeights(model, undefined) });
    expect(snapshot(other)).toEqual(snapshot(model));
  });
});

describe('requireClasses', () => {
  const checkpoint = { tensors: TENSORS, metadata: METADATA };
  const labels = (...names: string[]) => ({ classes: names.map((name, id) => ({ id, name })) });

  test('accepts the same names in the same order, whatever their ids', () => {
    expect(() => requireClasses(file, checkpoint, labels('a', 'b'))).not.toThrow();
  });

  test.each([[['a', 'c']], [['b', 'a']], [['a']], [['a', 'b', 'c']], [['a, b']]])(
    'refuses %j, naming both',
    (names) => {
      expect(() => requireClasses(file, checkpoint, labels(...names))).toThrow(
        `checkpoint has classes [a, b], the config [${names.join(', ')}]`,
      );
    },
  );
});
