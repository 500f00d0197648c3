import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefusal, runProgram } from './program.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the built program in the test's folder. */
const espalier = (...args: string[]) => runProgram(folder, args);

describe('help', () => {
  it('lists every command and exits 0', () => {
    const { status, stdout } = espalier('--help');
    for (const name of ['train', 'evaluate', 'predict', 'sample', 'weights', 'runtime', 'doctor', 'inspect']) {
      expect(stdout).toContain(`\n  ${name} `);
    }
    expect(status).toBe(0);
  });

  it.each(['train', 'tune', 'find-rate', 'evaluate', 'predict', 'export', 'report', 'browse'])(
    'says how %s runs the code that a config or a run of somebody else names',
    (command) => expect(espalier(command, '--help').stdout).toContain('--allow-modules'),
  );

  it('loads no tensors', () => {
    const importsOf = (file: string): readonly string[] => {
      const text = readFileSync(new URL(`../../dist/tools/${file}.js`, import.meta.url), 'utf8');
      return [...text.matchAll(/^import .* from '(.*)';$/gm)].map(([, name = '']) => name);
    };
    expect(importsOf('espalier')).toEqual([
      ...[
        'node:module',
        'commander',
        '../deploy/formatNames.js',
        '../engine/printable.js',
        './backboneCommands.js',
        './ends.js',
        './lookingCommands.js',
        './options.js',
      ],
      ...['./report.js', './weights/commands.js'],
    ]);
    expect(importsOf('backboneCommands')).toEqual(['commander', './options.js']);
    expect(importsOf('weights/commands')).toEqual(['commander', '../options.js']);
    expect(importsOf('options')).toEqual(['commander']);
  });
});

describe('wrong use exits 2 with one sentence', () => {
  it.each([
    ['an unknown command', ['trian'], /unknown command 'trian'[\s\S]*Did you mean train\?/],
    ['an unknown option', ['train', 'c.yaml', '--ouut', 'x'], /unknown option '--ouut'[\s\S]*Did you mean --out\?/],
    ['a missing argument', ['train'], /missing required argument 'config'/],
    ['an unknown engine', ['train', 'c.yaml', '--engine', 'gpu'], /Allowed choices are tensorflow, wasm, webgpu, cpu/],
    ['a number that is none', ['sample', 'cells', '--out', 'x', '--images', 'few'], /Give a whole number from 1 to/],
    ['a config that is not there', ['train', 'none.yaml'], /none\.yaml: there is no such file/],
    ['an image that is not there', ['predict', 'efficientnet-lite0', 'none.jpg'], /none\.jpg: there is no such image/],
    ['a folder that is no run', ['evaluate', '.', '--engine', 'wasm'], /\. is no folder of a run/],
    [
      'weights of no name',
      ['weights', 'pull', 'efficientnet-lite9'],
      /there are no weights 'efficientnet-lite9'; did you mean/,
    ],
    ['a model of no name', ['inspect', 'efficientdet-d9'], /there is no model 'efficientdet-d9'; did you mean/],
  ])('%s', (_name, args, message) => {
    expectRefusal(espalier(...args), 2, message);
  });

  it('a config with a mistake says where', () => {
    writeFileSync(join(folder, 'c.yaml'), 'train:\n  epoch: 3\n');
    const outcome = espalier('train', 'c.yaml');
    expectRefusal(outcome, 2, /c\.yaml:2:3: unknown key 'train\.epoch'; did you mean 'epochs'\?/);
  });
});

describe('the machine', () => {
  it('doctor --json prints one value', () => {
    const { status, stdout } = espalier('doctor', '--json');
    const value = JSON.parse(stdout) as object;
    expect(Object.keys(value)).toEqual(['engine', 'library', 'version', 'device', 'threads', 'problems']);
    expect(status).toBe(0);
  });

  it('weights list --json names the catalogue, and info one of it', () => {
    const list = JSON.parse(espalier('weights', 'list', '--json').stdout) as { name: string; classes: number }[];
    const names = list.map(({ name }) => name);
    expect(names.slice(0, 3)).toEqual(['efficientnet-lite0', 'efficientnet-lite1', 'efficientnet-lite2']);
    expect(names).toHaveLength(3 + 328);
    const detectors = JSON.parse(
      espalier('weights', 'list', '--task', 'detection', '--arch', 'efficientdet-d0', '--json').stdout,
    );
    expect(detectors).toMatchObject([{ name: 'tf_efficientdet_d0' }, { name: 'tf_efficientdet_d0_ap' }]);
    const offline = espalier('predict', 'tf_efficientdet_d0', 'none.jpg', '--offline');
    expectRefusal(offline, 2, /none\.jpg: there is no such image/);
    const [info] = JSON.parse(espalier('weights', 'info', 'efficientnet-lite1', '--json').stdout) as object[];
    expect(info).toMatchObject({ architecture: 'tf_efficientnet_lite1', inputPixels: 240, classes: 1000 });
  });

  it('runtime list --json is a list', () => {
    expect(JSON.parse(espalier('runtime', 'list', '--json').stdout)).toBeInstanceOf(Array);
  });

  it('inspect --json counts what the networks were published with', () => {
    const { stdout } = espalier('inspect', 'efficientdet-lite0', '--json');
    const value = JSON.parse(stdout) as { parameters: object; levels: object[]; backbone: { stages: object[] } };
    expect(value.parameters).toMatchObject({ class_net: 69354, box_net: 19044 });
    expect(value.levels).toHaveLength(5);
    expect(value.backbone.stages).toHaveLength(8);
  });
});

describe('the main job on wasm', () => {
  const config = [
    'data: { kind: coco, root: sample, images: images, train: annotations/train.json, val: annotations/val.json }',
    'model: { preset: efficientdet-lite0, inputSize: [64, 64], neckChannels: 16, neckRepeats: 1 }',
    'train: { epochs: 1, batchSize: 2, workers: 0 }',
  ].join('\n');

  it('samples, trains, evaluates, predicts and resumes', () => {
    writeFileSync(join(folder, 'cells.yaml'), config);
    const drawn = espalier('sample', 'cells', '--out', 'sample', '--images', '5', '--seed', '3', '--json');
    expect(JSON.parse(drawn.stdout)).toMatchObject({ train: 4, val: 1, drawn: true });

    const trained = espalier('train', 'cells.yaml', '--engine', 'wasm', '--json');
    expect(trained.stderr).toMatch(/engine: wasm/);
    const result = JSON.parse(trained.stdout) as { [name: string]: unknown };
    for (const name of ['AP', 'AP50', 'AP75', 'APs', 'APm', 'AR1', 'AR10', 'AR100', 'ARs', 'ARm']) {
      expect(result[name], name).toEqual(expect.any(Number));
    }
    expect([result.APl, result.ARl]).toEqual([null, null]); // there is no large object
    expect(result).toMatchObject({ run: join('runs', 'cells-1'), reason: 'done', step: 2 });
    expect(result.perClass).toHaveLength(3);

    const measured = JSON.parse(espalier('evaluate', 'runs/cells-1', '--engine', 'wasm', '--json').stdout) as object;
    expect(measured).toMatchObject({ AP: result.AP, VOC07: result.VOC07, split: 'val', images: 1 });

    const reported = JSON.parse(espalier('report', 'runs/cells-1', '--engine', 'wasm', '--json').stdout) as object;
    const {
      split: _split,
      images: _images,
      checkpoint: _checkpoint,
      ...figures
    } = measured as { [name: string]: unknown };
    expect(reported).toEqual({ ...figures, report: join('runs/cells-1', 'report.html') });
    const page = readFileSync(join(folder, 'runs/cells-1/report.html'), 'utf8');
    for (const [name, value] of Object.entries(figures)) {
      if (typeof value === 'number')
        expect(page, name).toContain(`<td>${Number.isInteger(value) ? value : value.toFixed(4)}</td>`);
    }
    expect(page).not.toMatch(/(?:src|href)="https?:/);
    expect(readdirSync(join(folder, 'runs/cells-1/plots'))).toEqual(
      expect.arrayContaining([
        'anchors.svg',
        'answers.png',
        'f1.svg',
        'loss.svg',
        'labels.png',
        'precision-recall.svg',
      ]),
    );

    const image = 'sample/images/0000.png';
    mkdirSync(join(folder, 'other'));
    copyFileSync(join(folder, image), join(folder, 'other/0000.png'));
    const args = ['predict', 'runs/cells-1', image, 'other/0000.png', '--engine', 'wasm', '--threshold', '0.001'];
    const predicted = espalier(...args, '--out', 'drawn', '--json');
    const answers = JSON.parse(predicted.stdout) as { image: string; detections: { box: number[]; label: string }[] }[];
    expect(answers.map((answer) => answer.image)).toEqual([image, 'other/0000.png']);
    for (const { label, box } of answers[0]?.detections ?? []) {
      expect(['speck', 'disc', 'lobed']).toContain(label);
      expect(box).toHaveLength(4);
    }
    expect(readdirSync(join(folder, 'drawn')).sort()).toEqual(['0000-2.png', '0000.png']);

    const more = ['--resume', '--engine', 'wasm', '--set', 'train.epochs=2', '--json'];
    const resumed = espalier('train', 'cells.yaml', '--no-plots', ...more);
    expect(resumed.stderr).toMatch(/resuming at step 2 of 4/);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ run: join('runs', 'cells-1'), step: 4 });

    const done = espalier('train', 'cells.yaml', '--resume', '--engine', 'wasm', '--json');
    expect(done.stderr).toMatch(/continuing with the config of the run, not cells\.yaml, in train\.epochs: --set/);
    expect(JSON.parse(done.stdout)).toMatchObject({ step: 4 });
  });

  it('refuses what does not fit the run, and writes nothing', () => {
    const again = espalier('train', 'cells.yaml', '--out', 'runs/cells-1', '--engine', 'wasm');
    expectRefusal(again, 2, /already holds a run/);
    writeFileSync(join(folder, 'new.yaml'), config);
    expectRefusal(espalier('train', 'new.yaml', '--resume'), 2, /there is no run of new in runs to continue/);
    writeFileSync(join(folder, 'notes'), 'a file\n');
    const blocked = espalier('train', 'cells.yaml', '--out', 'notes/run', '--engine', 'wasm');
    expectRefusal(blocked, 1, /a part of the path is a file/);
    writeFileSync(join(folder, 'cut.png'), readFileSync(join(folder, 'sample/images/0000.png')).subarray(0, 500));
    const cut = espalier('predict', 'runs/cells-1', 'cut.png', '--engine', 'wasm', '--out', 'none');
    expectRefusal(cut, 1, /cut\.png/);
    expect(existsSync(join(folder, 'none'))).toBe(false);
    const best = join(folder, 'runs/cells-1/checkpoints/best.safetensors');
    const bytes = readFileSync(best);
    bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1;
    writeFileSync(best, bytes);
    expectRefusal(espalier('evaluate', 'runs/cells-1', '--engine', 'wasm'), 1, /best\.safetensors is damaged/);
  });
});
