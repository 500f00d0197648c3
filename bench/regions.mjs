// npm run bench -- regions: distances, surfaces and components of a stack of 64 x 512 x 512 voxels of 3 x 0.7 x 0.7 mm, beside scipy
// where bench/peers/setup.sh has been run. Least of three rounds, milliseconds.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectedComponents, squaredDistances, surfaceDistances } from '../dist/node.js';

const shape = [64, 512, 512];
const grid = { shape, spacing: [3, 0.7, 0.7] };
const ball = (z, y, x, radius) => {
  const mask = new Uint8Array(shape[0] * shape[1] * shape[2]);
  for (let at = 0, k = 0; k < shape[0]; k++)
    for (let j = 0; j < shape[1]; j++)
      for (let i = 0; i < shape[2]; i++, at++)
        mask[at] = (3 * (k - z)) ** 2 + (j - y) ** 2 + (i - x) ** 2 < radius ** 2 ? 1 : 0;
  return mask;
};
const [truth, answer] = [ball(32, 256, 256, 90), ball(30, 250, 260, 92)];
const least = (work) =>
  Math.min(
    ...[1, 2, 3].map(() => {
      const begun = performance.now();
      work();
      return Math.round(performance.now() - begun);
    }),
  );
const ours = {
  distances: least(() => squaredDistances(truth, grid)),
  surfaces: least(() => surfaceDistances(truth, answer, grid)),
  components: least(() => connectedComponents(truth, shape, 'full')),
};

const PEER = `
import time, json
import numpy as np
from scipy import ndimage
z, y, x = np.ogrid[:64, :512, :512]
mask = (3.0 * (z - 32)) ** 2 + (y - 256.0) ** 2 + (x - 256.0) ** 2 < 90 ** 2
def least(work):
    times = []
    for _ in range(3):
        begun = time.perf_counter(); work(); times.append(time.perf_counter() - begun)
    return round(1000 * min(times))
print(json.dumps({"distances": least(lambda: ndimage.distance_transform_edt(~mask, sampling=(3, 0.7, 0.7))),
                  "components": least(lambda: ndimage.label(mask, np.ones((3, 3, 3))))}))
`;
const python =
  process.env.ESPALIER_PEERS_PYTHON ?? join(dirname(fileURLToPath(import.meta.url)), 'peers/.venv/bin/python');
const scipy = existsSync(python) ? JSON.parse(execFileSync(python, ['-I', '-c', PEER], { encoding: 'utf8' })) : null;
console.log(JSON.stringify({ ours, scipy }));
