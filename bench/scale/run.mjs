/**
 * npm run bench -- scale [--images 1000000] [--objects 3] [--folder DIR]: a COCO data set of many images of one pixel pattern, opened and
 * shuffled in a process of its own, as where each image has been decoded before; prints its processor time and peak memory. The files are
 * links to a few.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync, linkSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '1000000' },
    objects: { type: 'string', default: '3' },
    folder: { type: 'string' },
    child: { type: 'boolean', default: false },
  },
});
const [images, objects] = [Number(values.images), Number(values.objects)];
const folder = values.folder ?? join(tmpdir(), `espalier-scale-${images}-${objects}`);
/** Links that one file may have: ext4 allows 65000. */
const LINKS = 50_000;
const PER_FOLDER = 10_000;

if (values.child) await measure();
else {
  if (!existsSync(join(folder, 'train.json'))) await write();
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [
      fileURLToPath(import.meta.url),
      '--child',
      '--images',
      values.images,
      '--objects',
      values.objects,
      '--folder',
      folder,
    ],
    { encoding: 'utf8', env: { ...process.env, ESPALIER_CACHE: join(folder, 'cache') } },
  );
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = status ?? 1;
}

async function write() {
  const pixel = await sharp({ create: { width: 8, height: 6, channels: 3, background: '#808080' } })
    .png()
    .toBuffer();
  mkdirSync(join(folder, 'images'), { recursive: true });
  const stream = createWriteStream(join(folder, 'train.json'));
  const put = async (text) => {
    if (!stream.write(text)) await once(stream, 'drain');
  };
  const categories = Array.from({ length: 80 }, (_, i) => ({ id: i + 1, name: `class ${i + 1}` }));
  await put(`{"categories":${JSON.stringify(categories)},"images":[`);
  // What opening the set would remember of its images.
  const cache = join(folder, 'cache', 'images');
  mkdirSync(cache, { recursive: true });
  const list = createHash('sha256').update(join(folder, 'images')).digest('hex').slice(0, 24);
  const known = createWriteStream(join(cache, `${list}.txt`));
  let [source, stamp] = ['', ''];
  const name = (i) => `${String(Math.floor(i / PER_FOLDER)).padStart(4, '0')}/${String(i).padStart(8, '0')}.png`;
  for (let i = 0; i < images; i++) {
    if (i % PER_FOLDER === 0) mkdirSync(join(folder, 'images', name(i).slice(0, 4)), { recursive: true });
    const file = join(folder, 'images', name(i));
    if (i % LINKS === 0) {
      source = file;
      writeFileSync(file, pixel);
    } else linkSync(source, file);
    if (i % LINKS === 0) {
      const { size, mtimeMs } = statSync(file);
      stamp = `${size} ${mtimeMs}`;
    }
    if (!known.write(`${file}\t${stamp},8,6\n`)) await once(known, 'drain');
    await put(`${i ? ',' : ''}{"id":${i + 1},"file_name":"${name(i)}","width":8,"height":6}`);
  }
  known.end();
  await put('],"annotations":[');
  for (let i = 0; i < images * objects; i++) {
    const image = Math.floor(i / objects) + 1;
    await put(
      `${i ? ',' : ''}{"id":${i + 1},"image_id":${image},"category_id":${(i % 80) + 1},"bbox":[${i % 4}.5,1.25,3.5,${2 + (i % 3)}.75],"area":12.25,"iscrowd":0}`,
    );
  }
  await put(']}');
  stream.end();
  await once(stream, 'finish');
}

async function measure() {
  const { readExperiment } = await import('../../dist/configs/read.js');
  const { openSplit } = await import('../../dist/configs/datasets.js');
  const { createRandom, permutation } = await import('../../dist/engine/random.js');
  const config = join(folder, 'config.yaml');
  writeFileSync(
    config,
    `task: detection\ndata: { kind: coco, root: ${JSON.stringify(folder)}, images: images, train: train.json, val: train.json }\nmodel: { backbone: tf_efficientnet_lite0 }\n`,
  );
  const start = { at: performance.now(), used: process.cpuUsage() };
  const told = (what) => {
    const { user, system } = process.cpuUsage(start.used);
    const seconds = ((performance.now() - start.at) / 1000).toFixed(1);
    const rss = process.resourceUsage().maxRSS / 1024;
    console.log(`${what}: ${seconds} s, processor ${((user + system) / 1e6).toFixed(1)} s, peak ${rss.toFixed(0)} MiB`);
  };
  const dataset = await openSplit(readExperiment(config), 'train');
  told(`opened ${dataset.size} images`);
  const order = permutation(dataset.size, createRandom([1]));
  told(`shuffled ${order.length}`);
  const sample = await dataset.get(order[0]);
  told(`read one of ${sample.truth.labels.length} objects`);
}
