import { freemem } from 'node:os';
import { join } from 'node:path';
import { kernelText } from '../../host/proc.js';

/** One version of control groups: where its files are mounted, and what they are called. */
interface Version {
  /** Whether a mount of this type and with these options holds the memory of groups. */
  readonly isMount: (type: string, options: readonly string[]) => boolean;
  /** Whether a line of `/proc/self/cgroup` names the group of this version. */
  readonly isGroup: (controllers: readonly string[]) => boolean;
  readonly limit: string;
  readonly used: string;
  /** The line of `memory.stat` with file cache that counts as used but is given back when memory is short. */
  readonly cached: string;
}

const VERSIONS: readonly Version[] = [
  {
    isMount: (type) => type === 'cgroup2',
    isGroup: (controllers) => controllers.join() === '',
    limit: 'memory.max',
    used: 'memory.current',
    cached: 'inactive_file',
  },
  {
    isMount: (type, options) => type === 'cgroup' && options.includes('memory'),
    isGroup: (controllers) => controllers.includes('memory'),
    limit: 'memory.limit_in_bytes',
    used: 'memory.usage_in_bytes',
    cached: 'total_inactive_file',
  },
];

/**
 * Bytes this process may still take: what is free, and what its control group and every group around that leave it.
 *
 * @param root of the file system whose `/proc` and control groups are read
 * @source Linux kernel documentation, admin-guide/cgroup-v1/memory and cgroup-v2; proc(5) on mountinfo
 */
export function availableBytes(root = '/'): number {
  const left = VERSIONS.flatMap((version) => {
    return groupFolders(root, version).map((folder) => leftIn(join(root, folder), version));
  });
  return Math.min(freemem(), ...left.filter((bytes) => !Number.isNaN(bytes)).map((bytes) => Math.max(0, bytes)));
}

/** The folder of the process's own group and of those around it, as far as they can be seen. */
function groupFolders(root: string, version: Version): readonly string[] {
  const mount = lines(join(root, 'proc/self/mountinfo')).map(parseMount).find(isMountOf(version));
  const line = lines(join(root, 'proc/self/cgroup')).find((each) => {
    return version.isGroup((each.split(':')[1] ?? '').split(',').filter(Boolean));
  });
  if (!mount || line === undefined) return [];
  const path = line.split(':').slice(2).join(':');
  // A container may see its own group as the root of the mount, and still be told the group's path outside.
  const isBelow = mount.root === '/' || path === mount.root || path.startsWith(`${mount.root}/`);
  const inside = isBelow ? path.slice(mount.root === '/' ? 0 : mount.root.length) : '';
  const parts = inside.split('/').filter((part) => part !== '' && part !== '..');
  return Array.from({ length: parts.length + 1 }, (_, depth) => join(mount.at, ...parts.slice(0, depth)));
}

interface Mount {
  /** The folder of the mounted file system that is seen. */
  readonly root: string;
  readonly at: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** `36 35 98:0 /root /at rw,noatime master:1 - type source options`; spaces in paths are `\040`. */
function parseMount(line: string): Mount {
  const [own = '', system = ''] = line.split(' - ');
  const [, , , root = '', at = ''] = own.split(' ').map(unescaped);
  const [type = '', , options = ''] = system.split(' ');
  return { root, at, type, options: options.split(',') };
}

const unescaped = (text: string): string =>
  text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

const isMountOf =
  ({ isMount }: Version) =>
  ({ type, options }: Mount): boolean =>
    isMount(type, options);

/** NaN: the group has no limit that can be read. */
function leftIn(folder: string, { limit, used, cached }: Version): number {
  const [most, now] = [limit, used].map((name) => Number(lines(join(folder, name))[0] || Number.NaN)); // 'max' is NaN
  const cache = lines(join(folder, 'memory.stat')).find((line) => line.startsWith(`${cached} `));
  return (most as number) - (now as number) + Number(cache?.split(' ')[1] ?? 0);
}

function lines(file: string): readonly string[] {
  return kernelText(file)?.split('\n') ?? []; // none: another system, or not to be seen from here
}
