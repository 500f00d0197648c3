import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ready } from '../../../engine/engine.js';
import { currentContext, deviceOf, requireGpu, sessionConfig } from '../../../engine/tensorflow/context.js';
import { cudaDevices, findCudaLibrary, loadCuda } from '../../../engine/tensorflow/runtime/cuda.js';
import { memorySource } from '../../../weights/bytes/byteSource.js';
import { fieldBytes, readFields } from '../../../weights/bytes/protobuf.js';

const files = { library: '/opt/libtensorflow_cc.so.2', framework: null, origin: 'test', cuda: '/opt/nvidia' };
const cpu = { name: '/job:localhost/replica:0/task:0/device:CPU:0', type: 'CPU' };
const gpu = { name: '/job:localhost/replica:0/task:0/device:GPU:0', type: 'GPU' };

describe('the GPU', () => {
  it('never silently becomes the CPU: the reason and the way out are named', () => {
    expect(() => requireGpu([cpu, gpu], files)).not.toThrow();
    expect(() => requireGpu([cpu], files)).toThrow(
      /no GPU can be used by \/opt\/libtensorflow_cc\.so\.2 \(test\): .+; or compute on the CPU: ready\(\{ device: 'cpu' \}\)/,
    );
  });

  it('is named in the description, and its absence explained', async () => {
    expect(deviceOf({ devices: [cpu] })).toBe('CPU');
    expect(deviceOf({ devices: [cpu, gpu] })).toMatch(/^GPU:0/);
    expect((await ready({ engine: 'tensorflow' })).description).toContain(`(${deviceOf(currentContext())}, `);
    const { names, reason } = cudaDevices();
    expect(names.length > 0 ? reason : (reason ?? '').length > 10).toBe(names.length > 0 ? null : true);
  });

  it('is asked for its memory as it is needed, and left alone when the CPU is chosen', () => {
    const numbers = (config: Uint8Array): number[] =>
      Array.from(readFields(memorySource(config)), ({ number }) => number);
    const config = sessionConfig({ threads: 3, interOpThreads: 1 });
    expect(numbers(config)).toEqual([2, 5, 6, 10, 16]);
    const [options = new Uint8Array()] = fieldBytes(config, 6);
    expect([...readFields(memorySource(options))]).toEqual([{ number: 4, kind: 'varint', value: 1n }]); // allow_growth
    expect(numbers(sessionConfig({ threads: 0, interOpThreads: 0, device: 'cpu' }))).toEqual([1, 6, 10, 16]);
  });

  it('needs NVIDIA libraries that are there and load', () => {
    const folder = mkdtempSync(join(tmpdir(), 'espalier-cuda-'));
    expect(() => loadCuda(folder)).toThrow(/libcudart\.so of .* cannot be used: it is not there; .*install --gpu/);
    const lib = join(folder, 'cuda_runtime', 'lib');
    mkdirSync(lib, { recursive: true });
    writeFileSync(join(lib, 'libcudart.so.12'), 'not a library');
    expect(findCudaLibrary(folder, 'libcudart.so')).toBe(join(lib, 'libcudart.so.12'));
    expect(() => loadCuda(folder)).toThrow(/libcudart\.so of .* cannot be used: .*libcudart\.so\.12/);
  });
});
