/**
 * npm run bench -- timm [--engine wasm] [--limit PARAMETERS] [NAME...]
 *
 * For every architecture: timm (torchvision where timm has none) saves a randomly initialised state dict, ours loads it,
 * and maps and logits of the same images are compared. The rows go into bench/timm/table.md.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values, positionals } = parseArgs({
  options: { engine: { type: 'string', default: 'tensorflow' }, limit: { type: 'string', default: 'Infinity' } },
  allowPositionals: true,
});
const espalier = await import('../../dist/node.js');
const tf = await import('@tensorflow/tfjs');
const { architectureOf, BACKBONE_ARCHS, countNetwork, createBackbone, createClassifier, featuresOf } = espalier;
const { levelsOf, loadWeights, fileSource } = espalier;
const { openWeights } = await import('../../dist/backbones/weights/index.js');
await espalier.ready({ engine: values.engine });

const folder = mkdtempSync(join(tmpdir(), 'timm-'));
const peer = spawn(join(here, '../peers/.venv/bin/python'), [join(here, 'save.py')], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const answers = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();

const plain = (arch) => ({ arch, frozen: 'all', seed: 1 });
const parametersOf = (arch) =>
  countNetwork(() => createClassifier({ ...plain(arch), classes: 1000 }), [224, 224, 3]).parameters;

/** Images the architecture can take, small ones; one odd and not square. */
function sizesOf(arch, parameters) {
  const { isFixed, inputPixels, stages } = architectureOf(arch);
  if (isFixed) return [[inputPixels, inputPixels]];
  const features = featuresOf(stages);
  const fits = (size) => levelsOf(features).every((level) => features[level].sizeOf(...size).every((side) => side > 0));
  const sizes = [
    [128, 128],
    [97, 129],
    [192, 224],
  ].filter(fits);
  return parameters > 100e6 ? [[64, 64], ...sizes].filter(fits).slice(0, 1) : sizes.slice(0, 2);
}

/** Allowed difference as a share of the spread: PyTorch's own float32 is up to 1e-4 away from its float64. */
const TOLERANCE = 1e-3;

/** Largest difference as a share of the spread. */
function distance(actual, expected) {
  let sum = 0;
  for (const value of expected) sum += value;
  const mean = sum / expected.length;
  let squares = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    squares += (expected[i] - mean) ** 2;
    const difference = Math.abs(actual[i] - expected[i]);
    if (!(difference <= largest)) largest = difference;
  }
  return largest / Math.sqrt(squares / expected.length);
}

/** Runs a network and compares what it gives with the tensors of the peer. */
async function compare(network, file, runs, outputsOf) {
  const found = [];
  for (const [index] of runs.entries()) {
    const image = file.tensors.get(`${index}.image`).read();
    const outputs = tf.tidy(() =>
      outputsOf(network.forward(tf.tensor4d(image.data, image.shape), { training: false })),
    );
    for (const [key, tensor] of outputs) {
      const expected = file.tensors.get(`${index}.${key}`);
      if (expected) {
        const shape = tensor.shape.join();
        if (shape !== expected.shape.join()) throw new Error(`${key} is [${shape}], theirs [${expected.shape}]`);
        found.push({ key: `${index}.${key}`, values: await tensor.data(), expected: expected.read().data });
      }
      tensor.dispose();
    }
  }
  return found;
}

async function check(arch, index) {
  const parameters = parametersOf(arch);
  if (parameters > Number(values.limit)) return { arch, parameters, note: 'larger than --limit' };
  const sizes = sizesOf(arch, parameters);
  const pickle = index % 2 === 0;
  peer.stdin.write(`${JSON.stringify({ name: arch, sizes, folder, pickle })}\n`);
  const { value } = await answers.next();
  if (value === undefined) throw new Error('the Python process ended');
  const saved = JSON.parse(value);
  if (saved.skipped) return { arch, parameters, note: saved.skipped };
  const file = openWeights(fileSource(join(folder, `${arch}.answers.safetensors`)));
  const row = { arch, parameters, library: saved.library, format: pickle ? 'pth' : 'safetensors', sizes };
  const classifier = createClassifier({ ...plain(arch), classes: 1000 });
  row.loaded = (await loadWeights(classifier, saved.path, { arch })).loaded.length;
  const found = await compare(classifier, file, sizes, (logits) => [['logits', logits]]);
  classifier.dispose();
  const backbone = createBackbone(plain(arch));
  await loadWeights(backbone, saved.path, { arch });
  const strides = levelsOf(backbone.features).map((level) => [String(backbone.features[level].stride), level]);
  found.push(
    ...(await compare(backbone, file, sizes, (maps) => strides.map(([stride, level]) => [stride, maps[level]]))),
  );
  backbone.dispose();
  const distances = found.map(({ key, values: own, expected }) => ({
    ...{ key, isLogits: key.endsWith('.logits'), share: distance(own, expected) },
  }));
  row.logits = Math.max(...distances.filter(({ isLogits }) => isLogits).map(({ share }) => share));
  const maps = distances.filter(({ isLogits }) => !isLogits);
  row.maps = maps.length;
  row.largest = Math.max(...maps.map(({ share }) => share));
  row.failed = distances.filter(({ share }) => !(share <= TOLERANCE)).map(({ key }) => key);
  rmSync(saved.path);
  rmSync(join(folder, `${arch}.answers.safetensors`));
  return row;
}

const HEADER = [
  '| architecture | parameters | file | tensors loaded | images | maps | largest difference of maps | of logits | equal |',
  '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
];
function line({ arch, parameters, note, library, format, loaded, sizes, maps, largest, logits, failed }) {
  const count = parameters.toLocaleString('en');
  if (note) return `| ${arch} | ${count} | | | | | | | ${note} |`;
  const images = sizes.map(([height, width]) => `${height}x${width}`).join(', ');
  const share = (value) => (Number.isFinite(value) ? value.toExponential(1) : 'none');
  const verdict = failed.length === 0 ? 'yes' : `no: ${failed.join(', ')}`;
  return `| ${arch} | ${count} | ${library} ${format} | ${loaded} | ${images} | ${maps} | ${share(largest)} | ${share(logits)} | ${verdict} |`;
}

/** Rows of architectures that were not run stay as they are. */
function writeTable(lines) {
  const path = join(here, 'table.md');
  const archOf = (row) => row.split('|')[1]?.trim();
  const earlier = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  const rows = new Map([...earlier, ...lines].map((row) => [archOf(row), row]));
  const intro = [
    '# State dicts of timm in our networks',
    '',
    '`npm run bench -- timm`, after `bash bench/peers/setup.sh`: randomly initialised by timm (or torchvision), norms with',
    'the statistics of a batch, saved by it, loaded by our readers. Differences are shares of the spread of what is compared, the',
    'largest of all images; up to 1e-3 counts as equal, mistakes in padding, epsilon or activation make larger ones.',
    '',
  ];
  const kept = BACKBONE_ARCHS.flatMap((arch) => rows.get(arch) ?? []);
  writeFileSync(path, `${[...intro, ...HEADER, ...kept].join('\n')}\n`);
}

const names = positionals.length > 0 ? positionals : BACKBONE_ARCHS;
const lines = [];
let failures = 0;
console.log(HEADER.join('\n'));
for (const [index, arch] of names.entries()) {
  const row = await check(arch, index).catch((error) => ({
    arch,
    parameters: parametersOf(arch),
    note: `**${error.message}**`,
    failed: ['all'],
  }));
  if (row.failed?.length > 0) failures++;
  lines.push(line(row));
  console.log(lines.at(-1));
}
peer.stdin.end();
rmSync(folder, { recursive: true });
writeTable(lines);
process.exit(failures > 0 ? 1 : 0);
