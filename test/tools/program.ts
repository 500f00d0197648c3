import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const program = fileURLToPath(new URL('../../bin/espalier.js', import.meta.url));

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program in a folder, with more variables in its environment. */
export function runProgram(folder: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Outcome {
  const env = { ...process.env, ...environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env,
  });
  return { status, stdout, stderr };
}

/** One sentence and no stack. */
export function expectRefusal(outcome: Outcome, status: 1 | 2, message: RegExp): void {
  expect(outcome.stderr).toMatch(message);
  expect(outcome.stderr).not.toMatch(/^\s+at /m);
  expect(outcome.stderr).not.toMatch(/unexpected error/);
  expect(outcome.stdout).toBe('');
  expect(outcome.status).toBe(status);
}
