import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClassifier } from '../../../backbones/index.js';
import { encodePng } from '../../../datasets/decode/index.js';
import { exportStateDict } from '../../../pretrained/stateDict.js';
import { openWeights, readAll, writeSafetensors } from '../../../weights/index.js';
import { seedBytes } from '../../weights/seedFiles.js';
import { expectRefusal, runProgram } from '../program.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-weights-'));
afterAll(() => rmSync(folder, { recursive: true }));

const weights = (...args: string[]) => runProgram(folder, ['weights', ...args]);
const ARCH = 'tf_efficientnet_lite0';
const WASM = ['--engine', 'wasm'] as const;

beforeAll(async () => {
  const network = createClassifier({ arch: ARCH, classes: 1000, frozen: 'all', seed: 5 });
  const tensors = new Map(await exportStateDict(network));
  network.dispose();
  writeFileSync(join(folder, 'whole.safetensors'), writeSafetensors(tensors, { licence: 'MIT', epoch: '3' }));
  tensors.delete('classifier.bias');
  writeFileSync(join(folder, 'part.safetensors'), writeSafetensors(tensors));
  writeFileSync(join(folder, 'small.pth'), seedBytes('plain.pth'));
});

const photo = (): string => {
  const data = Uint8Array.from({ length: 40 * 50 * 3 }, (_, i) => (i * 37) % 256);
  writeFileSync(join(folder, 'photo.png'), encodePng({ data, width: 50, height: 40 }));
  return 'photo.png';
};

describe('weights convert', () => {
  it('writes the network with what is needed to use it, and verify computes the same answer from it', () => {
    const args = [
      'whole.safetensors',
      '--arch',
      ARCH,
      '--to',
      'out.safetensors',
      '--source',
      'here',
      ...WASM,
      '--json',
    ];
    const { status, stdout, stderr } = weights('convert', ...args);
    expect(stderr).toMatch(/loaded 247, missing 0, unexpected 0, reshaped 0/);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ scheme: 'timm', architecture: ARCH, missing: [], unexpected: [] });
    const { metadata, tensors } = openWeights(readFileSync(join(folder, 'out.safetensors')));
    expect(tensors.size).toBe(247);
    expect(metadata).toMatchObject({ architecture: ARCH, licence: 'MIT', source: 'here', inputPixels: '224' });
    expect(metadata.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.parse(metadata.classes ?? '')).toHaveLength(1000);
    expect(JSON.parse(metadata.preprocessing ?? '')).toEqual({
      channels: 'RGB',
      mean: [127, 127, 127],
      std: [128, 128, 128],
    });
    const verified = JSON.parse(weights('verify', 'out.safetensors', ...WASM, '--json').stdout) as object;
    expect(verified).toMatchObject({ passed: true, origin: 'the conversion' });
  });

  it('writes what predict names images with, by the means that travel in the file', () => {
    const answer = (file: string) => runProgram(folder, ['predict', file, photo(), ...WASM, '--json']);
    const [{ image, top }] = JSON.parse(answer('out.safetensors').stdout) as [
      { image: string; top: { label: string; probability: number }[] },
    ];
    expect([image, top.length]).toEqual(['photo.png', 5]);
    const { tensors, metadata } = openWeights(readFileSync(join(folder, 'out.safetensors')));
    const other = { ...metadata, preprocessing: JSON.stringify({ channels: 'RGB', mean: [0, 0, 0], std: [9, 9, 9] }) };
    const held = new Map([...tensors].map(([name, tensor]) => [name, tensor.read()]));
    writeFileSync(join(folder, 'other.safetensors'), writeSafetensors(held, other));
    const [{ top: changed }] = JSON.parse(answer('other.safetensors').stdout) as [{ top: typeof top }];
    expect(changed).not.toEqual(top);
    expectRefusal(answer('whole.safetensors'), 2, /whole\.safetensors cannot name images: it does not say of what/);
  });

  it('verify fails when the weights are others than when they were converted', () => {
    const file = openWeights(readFileSync(join(folder, 'out.safetensors')));
    const tensors = new Map(readAll(file));
    const bias = tensors.get('classifier.bias');
    tensors.set('classifier.bias', { dtype: 'F32', shape: [1000], data: new Float32Array(1000).fill(0.5) });
    expect(bias).toBeDefined();
    writeFileSync(join(folder, 'changed.safetensors'), writeSafetensors(tensors, file.metadata));
    const outcome = weights('verify', 'changed.safetensors', ...WASM);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toMatch(/does not compute what it should/);
  });

  it('refuses to leave a parameter out, with a report, unless --partial lists it', () => {
    const args = ['part.safetensors', '--arch', ARCH, '--to', 'part.npz', ...WASM];
    const refused = weights('convert', ...args);
    expectRefusal(
      refused,
      1,
      /missing +classifier\.bias[\s\S]*loaded 246, missing 1[\s\S]*the file lacks 'classifier\.bias'/,
    );
    expect(existsSync(join(folder, 'part.npz'))).toBe(false);
    expect(weights('convert', ...args, '--partial', 'classifier.*').status).toBe(0);
    const { format, tensors } = openWeights(readFileSync(join(folder, 'part.npz')));
    expect([format, tensors.size]).toEqual(['npz', 246]);
  });

  it.each([
    [
      'an unknown network',
      ['whole.safetensors', '--arch', 'effnet', '--to', 'x.npz'],
      2,
      /no network is called 'effnet'/,
    ],
    ['an unknown ending', ['whole.safetensors', '--arch', ARCH, '--to', 'x.pth'], 2, /\.safetensors or \.npz/],
    ['no file', ['none.pth', '--arch', ARCH, '--to', 'x.npz'], 1, /none\.pth cannot be read/],
  ] as const)('refuses %s', (_, args, status, message) => {
    expectRefusal(weights('convert', ...args, ...WASM), status, message);
  });
});

describe('weights info', () => {
  it('lists what a file holds, whatever its format', () => {
    const { stdout } = weights('info', 'small.pth');
    expect(stdout).toMatch(/format: pytorch/);
    expect(stdout).toMatch(/conv\.weight +F32 +\[3,2,3,3\]/);
    const [whole] = JSON.parse(weights('info', 'whole.safetensors', '--json').stdout) as {
      metadata: object;
      tensors: object[];
    }[];
    expect(whole?.metadata).toEqual({ licence: 'MIT', epoch: '3' });
    expect(whole?.tensors).toHaveLength(247);
  });

  it('says what is neither a file nor a name', () => {
    expectRefusal(weights('info', 'nothing'), 2, /there are no weights 'nothing'/);
    writeFileSync(join(folder, 'text.txt'), 'hello');
    expectRefusal(weights('info', 'text.txt'), 1, /no format of weights that is known here/);
  });
});

describe('weights verify', () => {
  it('needs a golden in the file', () => {
    writeFileSync(
      join(folder, 'bare.safetensors'),
      writeSafetensors(readAll(openWeights(readFileSync(join(folder, 'whole.safetensors')))), { architecture: ARCH }),
    );
    expectRefusal(weights('verify', 'bare.safetensors', ...WASM), 1, /no golden forward/);
    expectRefusal(weights('verify', 'small.pth', ...WASM), 2, /does not say its architecture/);
  });
});
