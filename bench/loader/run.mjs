// npm run bench -- loader [--python FILE] [--pairs N]: decode, resize to 512, flip, colour jitter and batch JPEGs of 640 x 480 pixels on two
// workers, ours and PyTorch's DataLoader with torchvision's transforms v2 in turns; the ratio of each pair.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    pairs: { type: 'string', default: '3' },
    batches: { type: 'string', default: '20' },
  },
});
const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'espalier-loader-'));

/** About as many bytes as a photograph has: noise of two sizes. */
async function draw(index) {
  const noise = (width, height, sigma) => ({
    create: { width, height, channels: 3, background: '#808080', noise: { type: 'gaussian', mean: 128, sigma } },
  });
  const coarse = await sharp(noise(32, 24, 70))
    .resize(640, 480, { kernel: 'cubic' })
    .png()
    .toBuffer();
  const fine = await sharp(noise(640, 480, 18))
    .blur(0.8)
    .png()
    .toBuffer();
  const jpeg = await sharp(coarse)
    .composite([{ input: fine, blend: 'soft-light' }])
    .jpeg({ quality: 90 })
    .toBuffer();
  writeFileSync(join(folder, `${String(index).padStart(4, '0')}.jpg`), jpeg);
  return jpeg.length;
}

function ask(program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
  return stdout.trim();
}

try {
  let bytes = 0;
  for (let i = 0; i < 128; i++) bytes += await draw(i);
  console.log(`128 JPEGs of 640 x 480, ${(bytes / 128 / 1024).toFixed(0)} kB each`);
  const ratios = [];
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    const ours = Number(ask(process.execPath, [join(here, 'ours.mjs'), folder, values.batches]));
    const [theirs, ...about] = ask(values.python, [join(here, 'peer.py'), folder, values.batches]).split(' ');
    ratios.push(ours / Number(theirs));
    console.log(
      `ours ${ours.toFixed(0)}, PyTorch ${Number(theirs).toFixed(0)} images/s (${about.slice(0, 2).join(', ')}): ${ratios.at(-1).toFixed(2)}`,
    );
  }
  console.log(
    `ratio, median of ${ratios.length} pairs: ${ratios.sort((a, b) => a - b)[ratios.length >> 1].toFixed(2)}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
