/**
 * npm run bench -- timm [--engine wasm] [--limit PARAMETERS] [--again] [NAME...]
 *
 * For every architecture: timm (torchvision where timm has none) saves a randomly initialised state dict, ours loads it,
 * and maps and logits of the same images are compared. Each row goes into bench/timm/table.md as it is found; those that
 * are there already are left out unless they are named or --again is given. Networks above --limit (default 1e8
 * parameters, as in `npm test`) take gigabytes and minutes each: `--limit Infinity` runs them, too.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { PYTHON } from '../turns.mjs';

const here = import.meta.dirname;
const { values, positionals } = parseArgs({
  options: {
    engine: { type: 'string', default: 'tensorflow' },
    limit: { type: 'string', default: '1e8' },
    again: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const espalier = await import('../../dist/node.js');
const tf = await import('@tensorflow/tfjs');
const { architectureOf, BACKBONE_ARCHS, countNetwork, createBackbone, createClassifier, featuresOf } = espalier;
const { levelsOf, loadWeights, fileSource } = espalier;
const { openWeights } = await import('../../dist/weights/index.js');
await espalier.ready({ engine: values.engine });

const folder = mkdtempSync(join(tmpdir(), 'timm-'));
const peer = spawn(PYTHON, [join(here, 'save.py')], {
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
  return sizes.slice(0, parameters > 1e8 ? 1 : 2);
}

/** Difference that counts as none, as a share of the spread; above it float64 decides. */
const TOLERANCE = 1e-3;
/** Ours may be this much farther from float64 than PyTorch's float32 is, */
const NOISE_FACTOR = 3;
/** which decides nothing where its own distance is above this share of the spread. */
const NOISE_LIMIT = 0.05;

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

/** Answers of the Python process in float32 or float64: files of weights and of tensors. */
async function saved(request) {
  peer.stdin.write(`${JSON.stringify({ folder, ...request })}\n`);
  const { value } = await answers.next();
  if (value === undefined) throw new Error('the Python process ended');
  const answer = JSON.parse(value);
  if (answer.failed) throw new Error(answer.failed);
  return { ...answer, answers: join(folder, `${request.name}.answers.safetensors`) };
}

/** Maps and logits of both our networks, by the peer's names. */
async function computed(arch, path, images) {
  const classifier = createClassifier({ ...plain(arch), classes: 1000 });
  const { loaded } = await loadWeights(classifier, path);
  const found = await outputs(classifier, images, (logits) => [['logits', logits]]);
  classifier.dispose();
  const backbone = createBackbone(plain(arch));
  await loadWeights(backbone, path);
  const strides = levelsOf(backbone.features).map((level) => [String(backbone.features[level].stride), level]);
  const maps = await outputs(backbone, images, (given) => strides.map(([stride, level]) => [stride, given[level]]));
  backbone.dispose();
  return { loaded: loaded.length, tensors: new Map([...found, ...maps]) };
}

/** `index.key` -> values and shape of what a network gives. */
async function outputs(network, images, outputsOf) {
  const found = [];
  for (const [index, image] of images.entries()) {
    const tensors = tf.tidy(() =>
      outputsOf(network.forward(tf.tensor4d(image.data, image.shape), { training: false })),
    );
    for (const [key, tensor] of tensors) {
      found.push([`${index}.${key}`, { shape: tensor.shape, data: await tensor.data() }]);
      tensor.dispose();
    }
  }
  return found;
}

/** Every tensor of a file, but the images. */
function readAnswers(path) {
  const { tensors } = openWeights(fileSource(path));
  const read = new Map([...tensors].map(([name, tensor]) => [name, tensor.read()]));
  const images = [...read].filter(([name]) => name.endsWith('.image')).map(([, image]) => image);
  return { images, expected: new Map([...read].filter(([name]) => !name.endsWith('.image'))) };
}

/** Largest differences of what both give. */
function compare(own, expected) {
  return [...expected].flatMap(([key, { shape, data }]) => {
    const ours = own.get(key);
    if (!ours) return [];
    if (ours.shape.join() !== shape.join()) throw new Error(`${key} is [${ours.shape}], theirs [${shape}]`);
    return [{ key, isLogits: key.endsWith('.logits'), share: distance(ours.data, data) }];
  });
}

const largest = (distances) => Math.max(...distances.map(({ share }) => share));

async function check(arch, index) {
  const parameters = parametersOf(arch);
  const sizes = sizesOf(arch, parameters);
  const pickle = index % 2 === 0;
  const request = { name: arch, sizes, pickle };
  const { skipped, library, path, answers: file } = await saved({ ...request, double: false });
  if (skipped) return { arch, parameters, note: skipped };
  const { images, expected } = readAnswers(file);
  const { loaded, tensors } = await computed(arch, path, images);
  const distances = compare(tensors, expected);
  const maps = distances.filter(({ isLogits }) => !isLogits);
  const row = { arch, parameters, library, format: pickle ? 'pth' : 'safetensors', loaded, sizes, maps: maps.length };
  Object.assign(row, { largest: largest(maps), logits: largest(distances.filter(({ isLogits }) => isLogits)) });
  row.failed = distances.filter(({ share }) => !(share <= TOLERANCE)).map(({ key }) => key);
  if (row.failed.length > 0) {
    await saved({ ...request, double: true });
    const exact = readAnswers(file).expected;
    const [own, theirs] = [tensors, expected].map((values) => compare(values, exact));
    row.exact = { own: largest(own), theirs: largest(theirs) };
    const noise = new Map(theirs.map(({ key, share }) => [key, share]));
    row.failed = own.filter(({ key, share }) => !(share <= NOISE_FACTOR * noise.get(key))).map(({ key }) => key);
  }
  rmSync(path);
  rmSync(file);
  return row;
}

const HEADER = [
  '| architecture | parameters | file | tensors loaded | images | maps | largest difference of maps | of logits | equal |',
  '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
];
function line({ arch, parameters, note, library, format, loaded, sizes, maps, largest, logits, exact, failed }) {
  const count = parameters.toLocaleString('en');
  if (note) return `| ${arch} | ${count} | | | | | | | ${note} |`;
  const images = sizes.map(([height, width]) => `${height}x${width}`).join(', ');
  const share = (value) => (Number.isFinite(value) ? value.toExponential(1) : 'none');
  const noise = exact ? `, from float64 ours ${share(exact.own)}, PyTorch's ${share(exact.theirs)}` : '';
  const equal = exact && exact.theirs > NOISE_LIMIT ? 'undecided' : 'yes';
  const verdict = (failed.length === 0 ? equal : `no: ${failed.join(', ')}`) + noise;
  return `| ${arch} | ${count} | ${library} ${format} | ${loaded} | ${images} | ${maps} | ${share(largest)} | ${share(logits)} | ${verdict} |`;
}

const TABLE = join(here, 'table.md');

/** Rows of the table by architecture. */
function earlierRows() {
  const lines = existsSync(TABLE) ? readFileSync(TABLE, 'utf8').split('\n') : [];
  return new Map(lines.filter((row) => row.startsWith('| ')).map((row) => [row.split('|')[1].trim(), row]));
}

function writeTable(rows) {
  const intro = [
    '# State dicts of timm in our networks',
    '',
    '`npm run bench -- timm`, after `bash bench/peers/setup.sh`: randomly initialised by timm (or torchvision), norms with',
    'the statistics of a batch, saved by it, loaded by our readers. Differences are shares of the spread of what is compared, the',
    'largest of all images; up to 1e-3 counts as equal, mistakes in padding, epsilon or activation make larger ones. Where random',
    "weights make rounding grow above that, PyTorch's float64 decides: ours may be 3 times as far from it as PyTorch's float32.",
    'Where that itself is far off, nothing is decided: the goldens of those networks are in `bench/RESULTS.md`.',
    "Keras's networks: `bench/weights/releases.py`.",
    '',
  ];
  const kept = BACKBONE_ARCHS.flatMap((arch) => rows.get(arch) ?? []);
  writeFileSync(TABLE, `${[...intro, ...HEADER, ...kept].join('\n')}\n`);
}

const rows = earlierRows();
const isDue = (arch) => (values.again || !rows.has(arch)) && parametersOf(arch) <= Number(values.limit);
const names = positionals.length > 0 ? positionals : BACKBONE_ARCHS.filter(isDue);
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
  rows.set(arch, line(row));
  writeTable(rows);
  console.log(rows.get(arch));
}
peer.stdin.end();
rmSync(folder, { recursive: true });
process.exit(failures > 0 ? 1 : 0);
