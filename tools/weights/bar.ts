import { megabytes, sayTenths } from '../../pretrained/index.js';

const WIDTH = 24;

/**
 * Shows how far a download is: a bar that moves in a terminal, a line at every tenth elsewhere.
 *
 * @returns called with the bytes received and all there are; null: the server does not say
 */
export function downloadBar(
  name: string,
  note: (line: string) => void,
  stream: NodeJS.WriteStream = process.stderr,
): (received: number, total: number | null) => void {
  if (!stream.isTTY) return sayTenths(name, note);
  let shown = 0;
  return (received, total) => {
    const isDone = received === total;
    if (!isDone && performance.now() - shown < 100) return;
    shown = performance.now();
    const share = total ? received / total : 0;
    const filled = '#'.repeat(Math.round(WIDTH * share)).padEnd(WIDTH, '.');
    const of = total === null ? '' : ` of ${megabytes(total)}`;
    stream.write(`\r[${filled}] ${megabytes(received)}${of}${isDone ? '\n' : ''}`);
  };
}
