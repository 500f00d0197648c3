import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { availableBytes } from '../../../../engine/tensorflow/memory/availableBytes.js';

const MIB = 2 ** 20;
const made: string[] = [];
afterAll(() => {
  for (const root of made) rmSync(root, { recursive: true });
});

/** A file system with these files. */
function system(files: { readonly [path: string]: string }): string {
  const root = mkdtempSync(join(tmpdir(), 'espalier-cgroup-'));
  made.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const second = (at = '/sys/fs/cgroup', root = '/') =>
  `22 1 0:20 / /proc rw - proc proc rw\n30 23 0:26 ${root} ${at} rw,nosuid - cgroup2 cgroup rw\n`;
const first = (root = '/') =>
  `31 23 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n32 23 0:28 ${root} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n`;

describe('memory that is available', () => {
  it('is what the process’s own group of version 2 leaves, its file cache included', () => {
    const files = {
      'proc/self/mountinfo': second(),
      'proc/self/cgroup': '0::/user.slice/job\n',
      'sys/fs/cgroup/user.slice/job/memory.max': `${300 * MIB}\n`,
      'sys/fs/cgroup/user.slice/job/memory.current': `${250 * MIB}\n`,
    };
    expect(availableBytes(system(files))).toBe(50 * MIB);
    const stat = { 'sys/fs/cgroup/user.slice/job/memory.stat': `anon 5\ninactive_file ${20 * MIB}\nfile 9\n` };
    expect(availableBytes(system({ ...files, ...stat }))).toBe(70 * MIB);
  });

  it('is the least that any group around it leaves', () => {
    const files = {
      'proc/self/mountinfo': second(),
      'proc/self/cgroup': '0::/a/b/c\n',
      'sys/fs/cgroup/a/b/c/memory.max': 'max\n',
      'sys/fs/cgroup/a/b/c/memory.current': `${5 * MIB}\n`,
      'sys/fs/cgroup/a/b/memory.max': `${90 * MIB}\n`,
      'sys/fs/cgroup/a/b/memory.current': `${60 * MIB}\n`,
      'sys/fs/cgroup/a/memory.max': `${100 * MIB}\n`,
      'sys/fs/cgroup/a/memory.current': `${80 * MIB}\n`,
    };
    expect(availableBytes(system(files))).toBe(20 * MIB);
    const full = { 'sys/fs/cgroup/a/memory.current': `${101 * MIB}\n` };
    expect(availableBytes(system({ ...files, ...full }))).toBe(0);
  });

  it('is what a group of version 1 leaves, at every level, beside a version 2 without memory', () => {
    const files = {
      'proc/self/mountinfo': first() + second('/sys/fs/cgroup/unified'),
      'proc/self/cgroup': '5:cpu,cpuacct:/\n4:memory:/slurm/job_1\n0::/\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
      'sys/fs/cgroup/memory/memory.usage_in_bytes': `${10 * MIB}\n`,
      'sys/fs/cgroup/memory/slurm/memory.limit_in_bytes': `${90 * MIB}\n`,
      'sys/fs/cgroup/memory/slurm/memory.usage_in_bytes': `${80 * MIB}\n`,
      'sys/fs/cgroup/memory/slurm/memory.stat': `total_inactive_file ${2 * MIB}\n`,
      'sys/fs/cgroup/memory/slurm/job_1/memory.limit_in_bytes': `${70 * MIB}\n`,
      'sys/fs/cgroup/memory/slurm/job_1/memory.usage_in_bytes': `${1 * MIB}\n`,
    };
    expect(availableBytes(system(files))).toBe(12 * MIB);
  });

  it('is that of a container whose group is the root of what it sees', () => {
    const limits = {
      'sys/fs/cgroup/memory/memory.limit_in_bytes': `${40 * MIB}\n`,
      'sys/fs/cgroup/memory/memory.usage_in_bytes': `${30 * MIB}\n`,
    };
    for (const group of ['/docker/ab1', '/docker/ab1/', '/elsewhere', '/../x']) {
      const files = {
        'proc/self/mountinfo': first('/docker/ab1'),
        'proc/self/cgroup': `4:memory:${group}\n`,
        ...limits,
      };
      expect(availableBytes(system(files)), group).toBe(10 * MIB);
    }
  });

  it('is found where the mount has another place, with a space in its name', () => {
    const files = {
      'proc/self/mountinfo': second('/mnt/c\\040g'),
      'proc/self/cgroup': '0::/a:b\n',
      'mnt/c g/a:b/memory.max': `${9 * MIB}\n`,
      'mnt/c g/a:b/memory.current': `${8 * MIB}\n`,
    };
    expect(availableBytes(system(files))).toBe(MIB);
  });

  it('is what is free where there is no limit', () => {
    for (const root of [system({ 'proc/self/mountinfo': second(), 'proc/self/cgroup': '0::/\n' }), '/nowhere']) {
      expect(Math.abs(availableBytes(root) / freemem() - 1)).toBeLessThan(0.2);
    }
    expect(availableBytes()).toBeGreaterThan(0);
  });
});
