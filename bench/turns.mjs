// Cases side by side: each a process of its own, in rounds that alternate, so that a slow moment of the machine meets all.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

/**
 * Runs every case once a round. A case: { name, command, args, env }; the last line it prints is { median, rss, ... }.
 * Returns, by name, the result of its best round.
 */
export function inTurns(cases, rounds) {
  const best = new Map();
  for (let round = 1; round <= rounds; round++) {
    for (const { name, command, args, env = {} } of cases) {
      const options = { encoding: 'utf8', env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] };
      const result = JSON.parse(execFileSync(command, args.map(String), options).trim().split('\n').at(-1));
      const known = best.get(name);
      if (!known || result.median < known.median) best.set(name, result);
      console.log(`round ${round} ${name}: ${result.median.toFixed(1)} ms, ${result.rss} MiB`);
    }
  }
  return best;
}

/** The machine, in a line. */
export const machine = () => `${cpus().length} x ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB`;

/** Memory allocation as PyTorch's users tune it on the CPU. */
export const TUNED = { MALLOC_MMAP_MAX_: '0', MALLOC_TRIM_THRESHOLD_: '17179869184', MALLOC_TOP_PAD_: '67108864' };

/** Python of the peers, where bench/peers/setup.sh was run. */
export const PYTHON = fileURLToPath(new URL('peers/.venv/bin/python', import.meta.url));

/** Of the modes asked for, by commas, the names of those that can run here; says when Python's cannot. */
export function available(modes, asked) {
  const hasPython = existsSync(PYTHON);
  if (!hasPython) console.log('Python is left out: bash bench/peers/setup.sh sets it up');
  return asked.split(',').filter((name) => hasPython || modes[name].command !== PYTHON);
}
