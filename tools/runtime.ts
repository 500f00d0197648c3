import { installRuntime, listRuntimes, removeRuntimes } from '../engine/tensorflow/runtime.js';
import { createOutput } from './output.js';
import { formatTable } from './table.js';

interface RuntimeOptions {
  readonly from?: string;
  readonly json?: boolean;
}

/** The native library in the cache: list, install, remove. */
export async function runtime(action: 'list' | 'install' | 'remove', options: RuntimeOptions): Promise<void> {
  const output = createOutput(options.json === true);
  if (action === 'install') {
    const from = options.from === undefined ? {} : { from: options.from };
    const files = await installRuntime({ ...from, say: output.note });
    output.result(files, `installed: ${files.library}`);
    return;
  }
  if (action === 'remove') {
    const removed = await removeRuntimes();
    output.result({ removed }, `removed ${removed} ${removed === 1 ? 'library' : 'libraries'}`);
    return;
  }
  const runtimes = await listRuntimes();
  const rows = runtimes.map(({ version, folder, bytes }) => [version, `${Math.round(bytes / 2 ** 20)} MiB`, folder]);
  const none = 'no native library is installed: espalier runtime install';
  output.result(runtimes, rows.length === 0 ? none : formatTable(['version', 'size', 'folder'], rows));
}
