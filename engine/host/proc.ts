import { readFileSync } from 'node:fs';

/** Text of a file that the kernel makes (/proc, /sys), whose size is not known before; null: there is none. */
export function kernelText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
