import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../.ci/run', import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-ci-'));
  mkdirSync(join(folder, '.ci'));
  mkdirSync(join(folder, 'bin'));
  copyFileSync(script, join(folder, '.ci/run'));
  chmodSync(join(folder, '.ci/run'), 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs .ci/run where `npm ci` and `npm test` are the given shell commands. */
function ci(install: string, test: string): { status: number | null; last: string | undefined } {
  const npm = join(folder, 'bin/npm');
  writeFileSync(npm, `#!/bin/sh\nif [ "$1" = ci ]; then ${install}; else ${test}; fi\n`);
  chmodSync(npm, 0o755);
  const env = { ...process.env, PATH: `${join(folder, 'bin')}${delimiter}${process.env.PATH}` };
  const { status, stdout } = spawnSync(join(folder, '.ci/run'), { encoding: 'utf8', env });
  return { status, last: stdout.trimEnd().split('\n').at(-1) };
}

/** A shell command that leaves a report and exits. */
const leaving = (report: object, status: number): string =>
  `echo '${JSON.stringify(report)}' > "$ESPALIER_TEST_REPORT"; exit ${status}`;
const report = { numPassedTests: 7, numFailedTests: 0, numFailedTestSuites: 0, numPendingTests: 2, numTodoTests: 1 };

describe.skipIf(process.platform === 'win32')('.ci/run', () => {
  it('counts what passed and what was skipped', () => {
    const outcome = ci('exit 0', leaving({ ...report, success: true }, 0));
    expect(outcome).toEqual({ status: 0, last: '7 passed, 0 failed, 3 skipped' });
  });

  it('keeps the exit code of failing tests', () => {
    const outcome = ci('exit 0', leaving({ ...report, numFailedTests: 4, success: false }, 1));
    expect(outcome).toEqual({ status: 1, last: '7 passed, 4 failed, 3 skipped' });
  });

  it('counts a test file that does not load', () => {
    const outcome = ci('exit 0', leaving({ ...report, numFailedTestSuites: 2, success: false }, 1));
    expect(outcome).toEqual({ status: 1, last: '7 passed, 2 failed, 3 skipped' });
  });

  it('fails when installing fails, with its exit code, and runs no test', () => {
    const outcome = ci('exit 217', leaving({ ...report, success: true }, 0));
    expect(outcome).toEqual({ status: 217, last: '0 passed, 1 failed, 0 skipped' });
  });

  it('fails when the build fails before any test', () => {
    expect(ci('exit 0', 'exit 2')).toEqual({ status: 2, last: '0 passed, 1 failed, 0 skipped' });
  });
});
