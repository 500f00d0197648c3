import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSplit } from '../../configs/datasets.js';
import { createNetwork } from '../../configs/network.js';
import { parseExperiment, readExperiment } from '../../configs/read.js';
import { createLoader } from '../../datasets/loader/index.js';
import { drawCells } from '../../datasets/sample-data/drawCells.js';
import { plain } from '../../datasets/transforms/augment.js';
import { createPyramid } from '../../heads/index.js';
import { readCheckpoint } from '../../training/run/index.js';
import { expectRefusal, runProgram } from '../tools/program.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
mkdirSync(join(root, '.espalier'), { recursive: true });
/** Inside the package, so that modules find `espalier` and zod. */
const folder = mkdtempSync(join(root, '.espalier/modules-'));
const cache = mkdtempSync(join(tmpdir(), 'espalier-modules-'));
const before = process.env.ESPALIER_CACHE;

/** A pyramid of one map, with plain tfjs: half the size, the mean of each 2 x 2 pixels in every channel. */
const FAMILY = `import * as tf from '@tensorflow/tfjs';
const stage = (channels, inChannels) => ({
  paths: ['stem'], level: 'P1', tap: 'stem', channels, stride: 2, cells: (n) => Math.floor(n / 2),
  build: (parameters) => {
    const initialise = ({ count }) => new Float32Array(count).fill(1 / inChannels);
    const kernel = parameters.create('stem.weight', { shape: [1, 1, inChannels, channels], layout: 'convolution', role: 'weight', initialise });
    return ([map]) => [tf.avgPool(tf.conv2d(map, kernel, 1, 'same'), 2, 2, 'valid')];
  },
});
export default {
  archs: ['narrow', 'wide'], levels: ['P1'], outputStrides: [],
  architecture: (arch, { inChannels }) => ({
    inputPixels: 64, activation: 'relu', stem: 'stem',
    preprocessing: { channels: 'RGB', mean: [0, 0, 0], std: [255, 255, 255] },
    stages: [stage(arch === 'wide' ? 8 : 4, inChannels)],
    top: { channels: 4, classifier: 'fc', build: () => { throw new Error('no classifier'); } },
  }),
};`;

/** Doubles the maps; its strength is a setting. */
const NECK = `import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
export default {
  config: z.strictObject({ strength: z.number().default(2), levels: z.array(z.string()).default(['P1']) }),
  reads: (levels, offered) => offered.filter((level) => levels.includes(level)),
  create: ({ strength }, features) => ({
    inputs: features, features, parameters: new Map(), dispose: () => {},
    forward: (maps) => Object.fromEntries(Object.entries(maps).map(([level, map]) => [level, tf.mul(map, strength)])),
  }),
};`;

const BLACK = `import * as z from 'zod';
export default {
  config: z.strictObject({ value: z.number() }),
  apply: (sample, { value }, random) => {
    const draw = random.next() < 2 ? value : 0;
    return { ...sample, image: { ...sample.image, data: new Uint8Array(sample.image.data.length).fill(draw) } };
  },
};`;

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const DATA =
  'data: { kind: coco, root: sample, images: images, train: annotations/train.json, val: annotations/val.json }\n';
const config = (name: string, text: string): string => {
  write(name, `${DATA}${text}`);
  return join(folder, name);
};
const messageOf = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'nothing was thrown';
};

beforeAll(async () => {
  process.env.ESPALIER_CACHE = cache;
  await drawCells({ out: join(folder, 'sample'), images: 6, seed: 1 });
  write('family.mjs', FAMILY);
  write('neck.mjs', NECK);
  write('black.mjs', BLACK);
});
afterAll(() => {
  if (before === undefined) delete process.env.ESPALIER_CACHE;
  else process.env.ESPALIER_CACHE = before;
  for (const each of [folder, cache]) rmSync(each, { recursive: true, force: true });
});

describe('parts of modules', () => {
  const PARTS = `task: segmentation
model:
  backbone: { module: ./family.mjs, arch: wide }
  neck: { module: ./neck.mjs, strength: 3, levels: [P1] }
  head: { kind: semantic, channels: 8 }
  inputSize: [64, 64]
`;

  it('a backbone and a neck take their places, with their settings', async () => {
    const { model } = readExperiment(config('parts.yaml', PARTS));
    expect(model.backbone).toMatchObject({ arch: 'wide', module: join(folder, 'family.mjs') });
    const { backbone, neck } = createPyramid(model, 1);
    const pass = { training: false };
    const P1 = tf.tidy(() => neck.forward(backbone.forward(tf.ones([1, 64, 64, 3]), pass), pass).P1);
    expect(P1.shape).toEqual([1, 32, 32, 8]);
    const values = Array.from(P1.dataSync(), (value) => Math.round(value * 1e5) / 1e5);
    expect(new Set(values)).toEqual(new Set([3])); // the mean of ones, three times
    P1.dispose();
    for (const part of [backbone, neck]) part.dispose();
  });

  it('a backbone without a name is the first of its family', async () => {
    const { architectureOf, namedArchitecture } = await import('../../backbones/index.js');
    const { loadModules } = await import('../../configs/modules.js');
    const value = loadModules(
      { model: { backbone: { module: './family.mjs' }, neck: { module: './neck.mjs' } } },
      { file: join(folder, 'x.yaml'), where: () => 'x.yaml', isOwn: true, allowModules: false },
    ) as { readonly model: { readonly backbone: { readonly module: string }; readonly neck: object } };
    const { module } = value.model.backbone;
    expect(module).toBe(join(folder, 'family.mjs'));
    expect(value.model.neck).toMatchObject({ kind: 'module', module: join(folder, 'neck.mjs') });
    expect(architectureOf(namedArchitecture('wide', module)).stages.map(({ channels }) => channels)).toEqual([8]);
    expect(() => namedArchitecture('wider', module)).toThrow("is called 'wider': use one of narrow, wide");
  });

  it.each([0, 1])('a transform changes every training image before the others, in %i threads', async (workers) => {
    const file = config(
      'black.yaml',
      'augment: { transforms: [{ module: ./black.mjs, value: 37 }] }\nmodel: { inputSize: [64, 64] }\n',
    );
    const experiment = readExperiment(file);
    const [transform] = experiment.augment.transforms;
    expect(transform).toMatchObject({ kind: 'module', module: join(folder, 'black.mjs'), value: 37 });
    const train = await openSplit(experiment, 'train');
    const loader = createLoader({
      entries: train.entries,
      encoder: null,
      augment: plain([32, 32], [37, 37, 37]),
      batchSize: 2,
      seed: 1,
      workers,
      transforms: experiment.augment.transforms.map(({ module, ...settings }) => ({
        module: `file://${module}`,
        settings,
      })),
      shuffle: false,
      dropLast: true,
      keepTruth: false,
      cacheBytes: 0,
    });
    try {
      for await (const { images } of loader.batches(0)) {
        expect(new Set(images)).toEqual(new Set([37]));
        break;
      }
    } finally {
      await loader.dispose();
    }
  });

  it('settings that a part does not have are told with the nearest that it has', () => {
    const file = config('wrong.yaml', 'model: { neck: { module: ./neck.mjs, strenth: 3 }, inputSize: [64, 64] }\n');
    expect(messageOf(() => readExperiment(file))).toMatch(/there is no option 'strenth'; did you mean 'strength'\?/);
    const black = config('wrong2.yaml', 'augment: { transforms: [{ module: ./black.mjs, valu: 3 }] }\n');
    expect(messageOf(() => readExperiment(black))).toMatch(
      /wrong2\.yaml:2:\d+: augment\.transforms\.0: .*there is no option 'valu'; did you mean 'value'/,
    );
  });

  it('modules that are none are told with what to export', () => {
    const refused = (name: string, text: string): string => {
      write(name, text);
      return messageOf(() => readExperiment(config('refused.yaml', `model: { head: { module: ./${name} } }\n`)));
    };
    expect(refused('none.mjs', 'export const head = 1;')).toMatch(
      /refused\.yaml:2:\d+: model\.head: .*none\.mjs has no default export: export default defineHead/,
    );
    expect(refused('half.mjs', 'export default { config: 1, create: 2 };')).toMatch(
      /has no task, encoder, levels, defaults, limits/,
    );
    expect(refused('broken.mjs', 'export default {')).toMatch(/broken\.mjs cannot be loaded: Unexpected/);
    expect(refused('waits.mjs', 'await 0; export default {};')).toMatch(/awaits at its top level/);
    const missing = messageOf(() => readExperiment(config('m.yaml', 'model: { neck: { module: ./nec.mjs } }\n')));
    expect(missing).toMatch(/nec\.mjs' does not exist; did you mean '.*neck\.mjs'\?/);
  });

  it('a task that no table names is refused', () => {
    const needed = 'config: {}, encoder: 1, levels: 1, defaults: 1, limits: 1, create: 1';
    write('task.mjs', `export default { task: { name: 'dreaming' }, ${needed} };`);
    const file = config('task.yaml', 'model: { head: { module: ./task.mjs } }\n');
    expect(messageOf(() => readExperiment(file))).toMatch(/is for the task dreaming: use one of TASKS \(.*detection/);
  });
});

describe('what a config of somebody else names', () => {
  const value = { model: { neck: { module: './strange.mjs' } } };

  it('does not run, until it is allowed', () => {
    const mark = join(folder, 'ran');
    write(
      'strange.mjs',
      `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(mark)}, '');\n${NECK}`,
    );
    const file = join(folder, 'config.json');
    expect(messageOf(() => parseExperiment(value, file))).toMatch(
      /runs code, .*strange\.mjs, which no config that you ran has named: read it, then allow it with --allow-modules/,
    );
    expect(existsSync(mark)).toBe(false);
    messageOf(() => parseExperiment(value, file, true));
    expect(existsSync(mark)).toBe(true);
  });

  it('runs where a config that its user ran has named the same code', () => {
    const file = join(folder, 'config.json');
    messageOf(() => readExperiment(config('mine.yaml', 'model: { neck: { module: ./strange.mjs } }\n')));
    expect(messageOf(() => parseExperiment(value, file))).not.toMatch(/runs code/);
    write('helper.mjs', 'export const a = 1;');
    write('strange.mjs', `import { a } from './helper.mjs';\nvoid a;\n${NECK}`);
    expect(messageOf(() => parseExperiment(value, file))).toMatch(/runs code/);
    messageOf(() => readExperiment(join(folder, 'mine.yaml')));
    expect(messageOf(() => parseExperiment(value, file))).not.toMatch(/runs code/);
    write('helper.mjs', 'export const a = 2;'); // what it imports is a part of it
    expect(messageOf(() => parseExperiment(value, file))).toMatch(/runs code/);
  });

  it('needs no data set format and no transform to be used', async () => {
    const gone = { data: { module: './gone.mjs' }, augment: { transforms: [{ module: './gone.mjs' }] } };
    const experiment = parseExperiment(gone, join(folder, 'config.json'));
    const labels = { classes: [{ id: 1, name: 'a' }] };
    const network = createNetwork({ ...experiment, model: { ...experiment.model, inputSize: [64, 64] } }, labels);
    network.dispose();
    await expect(async () => openSplit(experiment, 'val')).rejects.toThrow(/gone\.mjs' does not exist/);
  });
});

describe('the example of own parts', () => {
  const run = (...args: string[]) => runProgram(folder, [...args, '--engine', 'wasm'], { ESPALIER_CACHE: cache });
  const SETTINGS = ['train.batchSize=2', 'train.workers=1', 'model.inputSize=[64,64]'].flatMap((set) => ['--set', set]);

  beforeAll(() => {
    cpSync(join(root, 'examples/own-parts'), folder, { recursive: true });
    interface Stated {
      readonly images: readonly { readonly id: number; readonly file_name: string }[];
      readonly categories: readonly { readonly id: number; readonly name: string }[];
      readonly annotations: readonly {
        readonly image_id: number;
        readonly category_id: number;
        readonly bbox: readonly number[];
      }[];
    }
    const lines = ['train', 'val'].flatMap((split) => {
      const stated = JSON.parse(readFileSync(join(folder, `sample/annotations/${split}.json`), 'utf8')) as Stated;
      return stated.annotations.map(({ image_id, category_id, bbox: [x = 0, y = 0, width = 0, height = 0] }) => {
        const image = stated.images
          .find(({ id }) => id === image_id)
          ?.file_name.split('/')
          .at(-1);
        const label = stated.categories.find(({ id }) => id === category_id)?.name;
        return `${image} ${label} ${x} ${y} ${x + width} ${y + height}`;
      });
    });
    write('sample/images/boxes.txt', `${lines.join('\n')}\nno line\n`);
  });

  it('trains, resumes and is measured', () => {
    const first = run('train', 'own.yaml', '--out', 'run', '--no-plots', ...SETTINGS, '--set', 'train.epochs=1');
    expect(first.status, first.stderr).toBe(0);
    expect(first.stderr).toMatch(/class [\d.]+, box [\d.]+/);
    const { metadata } = readCheckpoint(join(folder, 'run/checkpoints/last.safetensors'));
    expect(metadata.config).toMatchObject({
      data: {
        kind: 'module',
        module: join(folder, 'lines-format.js'),
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
      model: { head: { kind: 'module', module: join(folder, 'centre-head.js'), width: 48 } },
    });
    const second = run('train', 'own.yaml', '--out', 'run', '--no-plots', '--resume', '--set', 'train.epochs=2');
    expect(second.status, second.stderr).toBe(0);
    expect(second.stdout).toMatch(/^4 steps|\n4 steps/);
    const measured = run('evaluate', 'run', '--json');
    expect(measured.status, measured.stderr).toBe(0);
    expect(JSON.parse(measured.stdout)).toMatchObject({ images: 1, AP: expect.any(Number) });
  });

  it('says that a module has changed, or is missing', () => {
    const encoder = readFileSync(join(folder, 'centre-encoder.js'), 'utf8');
    write('centre-encoder.js', `${encoder}// changed\n`);
    expectRefusal(
      run('evaluate', 'run'),
      2,
      /centre-head\.js changed since .*config\.json was recorded \(SHA-256 [0-9a-f]{12} then, [0-9a-f]{12} now\).*--allow-modules/,
    );
    renameSync(join(folder, 'centre-head.js'), join(folder, 'moved.js'));
    expectRefusal(
      run('evaluate', 'run'),
      2,
      /centre-head\.js' does not exist.*the run was trained with it: put it back, or a copy named centre-head\.js beside/,
    );
    write('centre-encoder.js', encoder);
    renameSync(join(folder, 'moved.js'), join(folder, 'centre-head.js'));
  });
});
