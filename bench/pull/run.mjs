/**
 * npm run bench -- pull [--engine wasm] [--python PYTHON] [NAME...]
 *
 * Published checkpoints end to end: effdet, timm or torchvision saves a state dict of random values under the published file
 * name, a server on this machine serves it, and `loadWeights` fetches it into an empty cache, checks its digits, fills the
 * network, and the network's output is compared with the library's. Only the digits are those of the random file. PYTHON has
 * what requirements.txt lists.
 */
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine, PYTHON } from '../turns.mjs';

const NAMES = [
  'tf_efficientdet_d0',
  'tf_efficientdet_lite0',
  'tf_efficientnet_b0.ns_jft_in1k',
  'tf_efficientnet_lite0.in1k',
  'tf_efficientnetv2_b0.in1k',
  'efficientnet_b0.ra_in1k',
  'resnet18.a1_in1k',
  'seresnet50.a1_in1k',
  'mobilenetv2_100.ra_in1k',
  'mobilenetv3_large_100.ra_in1k',
  'mnasnet_100.rmsp_in1k',
  'inception_v3.tv_in1k',
  'torchvision.convnext_tiny.IMAGENET1K_V1',
  'torchvision.densenet121.IMAGENET1K_V1',
];
/** Share of the largest output; float32 in another order. */
const TOLERANCE = 1e-4;
/** Side of the images; detectors need whole cells on every level. */
const [PIXELS, DETECTOR_PIXELS] = [128, 256];

const { values, positionals } = parseArgs({
  options: { engine: { type: 'string', default: 'wasm' }, python: { type: 'string', default: PYTHON } },
  allowPositionals: true,
});
if (!existsSync(values.python)) {
  console.error(`no ${values.python}: name a Python with what bench/pull/requirements.txt lists, --python PYTHON`);
  process.exit(2);
}
const tf = await import('@tensorflow/tfjs');
const {
  createClassifier,
  createDetector,
  describeLoaded,
  fileSource,
  networkOf,
  openWeights,
  ready,
  RELEASED_WEIGHTS,
} = await import('../../dist/node.js');
const { loadReleased } = await import('../../dist/pretrained/files/loadWeights.js');
const { sha256Of } = await import('../../dist/engine/tensorflow/runtime/pip.js');
await ready({ engine: values.engine });

const folder = mkdtempSync(join(tmpdir(), 'pull-'));
process.env.ESPALIER_CACHE = join(folder, 'cache');
const server = createServer((request, response) =>
  createReadStream(join(folder, basename(request.url))).pipe(response),
);
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
process.env.ESPALIER_WEIGHTS_MIRROR = `http://127.0.0.1:${server.address().port}`;

const arrayOf = (file) =>
  openWeights(fileSource(join(folder, file)))
    .tensors.get('array')
    .read();

/** The network that a checkpoint fits, and all its outputs as one list. */
function create({ preset, backbone }, classes) {
  if (!preset) {
    const network = createClassifier({ arch: backbone, classes, frozen: 'all', seed: 1 });
    return { network, outputs: (images) => [network.forward(images, { training: false })] };
  }
  const inputSize = [DETECTOR_PIXELS, DETECTOR_PIXELS];
  const { model } = createDetector({ preset, classes, inputSize });
  const outputs = (images) => {
    const { logits, offsets } = model.forward(images, { training: false });
    return [logits, offsets];
  };
  return { network: model, outputs };
}

async function check(entry) {
  const found = networkOf(entry);
  const library = entry.name.startsWith('torchvision.') ? 'torchvision' : found.preset ? 'effdet' : 'timm';
  const pixels = found.preset ? DETECTOR_PIXELS : PIXELS;
  const arch = library === 'torchvision' ? entry.arch : entry.arch.replace(/_ap$/, '');
  const script = join(import.meta.dirname, 'save.py');
  execFileSync(values.python, [script, folder, 'saved.pth', library, arch, String(pixels)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const digits = (await sha256Of(join(folder, 'saved.pth'))).slice(0, 8);
  const file = basename(entry.url).replace(entry.digits, digits);
  renameSync(join(folder, 'saved.pth'), join(folder, file));
  const { network, outputs } = create(found, entry.classes);
  try {
    const url = entry.url.replace(basename(entry.url), file);
    const loaded = await loadReleased(network, { ...entry, digits, url });
    const { data, shape } = arrayOf('image.npy');
    const output = tf.tidy(() => tf.concat(outputs(tf.tensor4d(data, shape)).map((part) => tf.reshape(part, [-1]))));
    const [own, expected] = [await output.data(), arrayOf('answer.npy').data];
    output.dispose();
    if (own.length !== expected.length) throw new Error(`${own.length} outputs, ${library} has ${expected.length}`);
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - own[i])), 0);
    return {
      library,
      tensors: loaded.loaded.length,
      kept: loaded.missing.length,
      line: describeLoaded(loaded),
      difference: worst / largest,
    };
  } finally {
    network.dispose();
    rmSync(join(folder, file), { force: true });
    rmSync(process.env.ESPALIER_CACHE, { recursive: true, force: true });
  }
}

let failed = false;
try {
  const without = RELEASED_WEIGHTS.filter(({ name, url, digits }) => name === '' || !basename(url).includes(digits));
  console.log(
    `${RELEASED_WEIGHTS.length} names, ${without.length} without their digits in the file name; ${machine()}\n`,
  );
  console.log('| checkpoint | saved by | tensors | largest difference / largest output |\n| --- | --- | --- | --- |');
  for (const name of positionals.length > 0 ? positionals : NAMES) {
    const entry = RELEASED_WEIGHTS.find((candidate) => candidate.name === name);
    const { library, tensors, kept, difference, line } = await check(entry);
    console.log(`| ${name} | ${library} | ${tensors} | ${difference.toExponential(1)} |`);
    if (kept > 0 || !(difference < TOLERANCE)) {
      failed = true;
      console.error(`${name}: ${line}`);
    }
  }
} finally {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
