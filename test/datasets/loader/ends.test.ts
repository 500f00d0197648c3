import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runModule } from '../../process.js';

test('a loader ends in every state, with 0, 1 and 2 threads, in a process that nothing else keeps alive', async () => {
  const { status, out, err } = await runModule(fileURLToPath(new URL('./ends.ts', import.meta.url)), []);
  const disposed = 'the loader was disposed while it was in use';
  const lines = (workers: number): string[] => [
    `${workers} unused: `,
    `${workers} read: 12`,
    `${workers} with jobs in flight: `,
    `${workers} with answers queued: `,
    `${workers} left: true`,
    `${workers} thrown into: of the caller`,
    `${workers} while a batch is awaited: rejected`,
    `${workers} twice: ${disposed}`,
    `${workers} after an error: broken at 4`,
    `${workers} after an error at its start: broken at start`,
    workers === 0
      ? '0 after a thread died: '
      : `${workers} after a thread died: 4.png (exit code 3): use fewer workers or a smaller cache if memory ran out; workers: 0 shows the failure in this process`,
  ];
  expect(out.trimEnd().split('\n'), err).toEqual([0, 1, 2].flatMap(lines));
  expect({ status, err }).toEqual({ status: 0, err: '' });
});
