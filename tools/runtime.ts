import { findLibrary } from '../engine/tensorflow/runtime/library.js';
import { installRuntime, listRuntimes, removeRuntimes } from '../engine/tensorflow/runtime/runtime.js';
import { createOutput } from './output.js';
import { formatTable } from './table.js';

interface RuntimeOptions {
  readonly from?: string;
  readonly version?: string;
  readonly gpu?: boolean;
  readonly json?: boolean;
}

/** The native library in the cache: list, install, remove. */
export async function runtime(action: 'list' | 'install' | 'remove', options: RuntimeOptions): Promise<void> {
  const { json, ...choice } = options;
  const output = createOutput(json === true);
  if (action === 'install') {
    const files = await installRuntime({ ...choice, say: output.note });
    output.result(files, `installed: ${files.library}`);
    return;
  }
  if (action === 'remove') {
    const removed = await removeRuntimes(choice.version);
    output.result({ removed }, `removed ${removed} ${removed === 1 ? 'library' : 'libraries'}`);
    return;
  }
  const used = findLibrary()?.library;
  const runtimes = (await listRuntimes()).map((each) => ({
    ...each,
    used: used?.startsWith(`${each.folder}/`) === true,
  }));
  const rows = runtimes.map(({ version, gpu, folder, bytes, used }) => [
    version,
    gpu ? 'GPU' : 'CPU',
    `${Math.round(bytes / 2 ** 20)} MiB`,
    used ? 'used' : '',
    folder,
  ]);
  const none = 'no native library is installed: espalier runtime install';
  output.result(runtimes, rows.length === 0 ? none : formatTable(['version', 'for', 'size', '', 'folder'], rows));
}
