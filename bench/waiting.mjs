// npm run bench -- waiting [--steps N] [--side N] [--workers N] [--rounds N]: the share of a training that its steps wait for batches, by what is done to
// the images. EfficientDet-Lite0's network on the drawn cells, batches of 8, `espalier train` as it is; the policies take turns.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { drawCells } from '../dist/datasets/index.js';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '60' },
    side: { type: 'string', default: '320' },
    workers: { type: 'string', default: 'null' },
    rounds: { type: 'string', default: '1' },
  },
});
const espalier = fileURLToPath(new URL('../bin/espalier.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'espalier-waiting-'));
const IMAGES = 200;
/** The first compiles, and the batches before it were made while it did. */
const SKIPPED = 5;
const POLICIES = {
  none: ['augment.policy=none', 'augment.flipHorizontal=0', 'augment.scale=[1, 1]', ...still()],
  'flips, scale and colour': ['augment.policy=none'],
  'detection-v0, mosaic 0.5, mixup 0.2': [
    'augment.policy=detection-v0',
    'augment.mosaic.probability=0.5',
    'augment.mixup.probability=0.2',
  ],
};

function still() {
  return ['brightness', 'contrast', 'saturation', 'hue'].map((name) => `augment.${name}=0`);
}

/** Milliseconds that each step waited, and that it took. */
function train(root, name, sets, round) {
  const out = join(folder, `${name.replaceAll(/\W+/g, '-')}-${round}`);
  const epochs = Math.ceil((Number(values.steps) + SKIPPED) / Math.floor((IMAGES * 0.8) / 8));
  const all = [
    'task=detection',
    `data={ kind: coco, root: "${root}", images: images, train: annotations/train.json, val: null }`,
    `model={ preset: efficientdet-lite0, inputSize: [${values.side}, ${values.side}], weights: null }`,
    `train.epochs=${epochs}`,
    `train.workers=${values.workers}`,
    ...sets,
  ];
  const args = [espalier, 'train', root, '--out', out, '--no-plots', ...all.flatMap((set) => ['--set', set])];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const steps = readFileSync(join(out, 'events.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return steps.flatMap(({ event, ms }) => (event === 'step' ? [ms] : [])).slice(SKIPPED);
}

try {
  const root = join(folder, 'cells');
  await drawCells({ out: root, images: IMAGES, seed: 1 });
  console.log(
    '| augmentation | ms a step, median | ms waited, mean | share of the time |\n| --- | ---: | ---: | ---: |',
  );
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, sets] of Object.entries(POLICIES)) {
      const steps = train(root, name, sets, round);
      const sum = (part) => steps.reduce((total, ms) => total + ms[part], 0);
      const [waited, whole] = [sum('data'), sum('data') + sum('host') + sum('compute')];
      const median = steps.map(({ compute }) => compute).sort((a, b) => a - b)[steps.length >> 1];
      console.log(
        `| ${name} | ${median.toFixed(0)} | ${(waited / steps.length).toFixed(1)} | ${((100 * waited) / whole).toFixed(1)} % |`,
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
