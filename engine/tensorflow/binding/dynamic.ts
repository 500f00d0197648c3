import type { LibraryHandle } from 'koffi';
import { koffi } from './native.js';

const isLinux = process.platform === 'linux';
const RTLD_NOW = 0x2;
const RTLD_GLOBAL = isLinux ? 0x100 : 0x8;
const RTLD_NODELETE = isLinux ? 0x1000 : 0x80;

/** The C library of the system. */
export const systemLibrary = (): LibraryHandle => koffi().load(isLinux ? 'libc.so.6' : 'libSystem.dylib');

/**
 * Loads a library for good, its symbols seen by the next ones. It is pinned (NODELETE): unloading it at exit would run its exit
 * handlers on unmapped memory.
 *
 * @returns null, or why it cannot be loaded
 */
export function openLibrary(path: string): string | null {
  const libc = systemLibrary();
  const open = libc.func('void* dlopen(const char*, int)');
  const reason = libc.func('const char* dlerror()');
  if (open(path, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE)) return null;
  return String(reason() ?? 'the system gives no reason');
}
