// Loading a checkpoint of 100 MB until every value has been summed, against PyTorch and safetensors: run.mjs [--rounds 5] [--python PYTHON].
// Whole processes take turns; clocks start when the libraries are loaded. PYTHON has torch and safetensors.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PYTHON } from '../turns.mjs';

const here = import.meta.dirname;
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    python: { type: 'string', default: PYTHON },
  },
});
const { python } = values;
if (!existsSync(python)) {
  console.error(
    `no ${python}: bash bench/peers/setup.sh sets it up, or name a Python with torch and safetensors with --python`,
  );
  process.exit(2);
}

const FILES = ['checkpoint.pth', 'checkpoint.legacy.pth', 'checkpoint.safetensors'];
const CONTENDERS = {
  espalier: [process.execPath, join(here, 'own.mjs')],
  python: [python, join(here, 'peer.py')],
};
/** Sums in float64 of the same values in another order. */
const SUM_TOLERANCE = 1e-6;
const TIME_LIMIT = 1.2;
const MEMORY_LIMIT = 1.3;

const folder = mkdtempSync(join(tmpdir(), 'weights-'));
const best = (runs, key) => Math.min(...runs.map((run) => run[key]));
const worst = (runs, key) => Math.max(...runs.map((run) => run[key]));
let failed = false;
try {
  execFileSync(python, [join(here, 'make.py'), folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const figures = new Map(FILES.flatMap((file) => Object.keys(CONTENDERS).map((name) => [`${file} ${name}`, []])));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const file of FILES) {
      const sums = Object.entries(CONTENDERS).map(([name, [command, script]]) => {
        const output = execFileSync(command, [script, join(folder, file)], { encoding: 'utf8' });
        const run = JSON.parse(output.trim().split('\n').at(-1));
        figures.get(`${file} ${name}`).push(run);
        return run.sum;
      });
      if (Math.abs(sums[0] - sums[1]) > SUM_TOLERANCE) throw new Error(`${file}: the sums differ: ${sums}`);
    }
  }
  console.log(
    `${cpus().length} x ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
  );
  console.log(
    '| file | MB | espalier, ms | Python, ms | ratio | CPU ms, espalier / Python | peak extra, MB, espalier / Python | of the file |',
  );
  console.log(`|${' --- |'.repeat(8)}`);
  for (const file of FILES) {
    const [own, peer] = Object.keys(CONTENDERS).map((name) => figures.get(`${file} ${name}`));
    const size = statSync(join(folder, file)).size / 1e6;
    const ms = (runs, key) => (best(runs, key) * 1000).toFixed(0);
    const ratio = best(own, 'seconds') / best(peer, 'seconds');
    const memory = worst(own, 'extra') / size;
    failed ||= ratio > TIME_LIMIT || memory > MEMORY_LIMIT;
    const cells = [
      ...[file, size.toFixed(0), ms(own, 'seconds'), ms(peer, 'seconds'), ratio.toFixed(2)],
      ...[
        `${ms(own, 'cpu')} / ${ms(peer, 'cpu')}`,
        `${worst(own, 'extra').toFixed(0)} / ${worst(peer, 'extra').toFixed(0)}`,
      ],
      memory.toFixed(2),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
if (failed) console.log(`above the limits: ${TIME_LIMIT} of the time, ${MEMORY_LIMIT} of the file in memory`);
process.exitCode = failed ? 1 : 0;
