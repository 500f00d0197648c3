import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LibraryHandle } from 'koffi';
import { valueAt } from '../../checked.js';
import { EngineError } from '../../errors.js';
import { openLibrary } from '../binding/dynamic.js';
import { koffi } from '../binding/native.js';
import type { LibraryFiles } from './library.js';

/** What TensorFlow opens by name, each after those it needs. */
const CUDA_LIBRARIES = [
  'libcudart.so',
  'libnvJitLink.so',
  'libnvrtc.so',
  'libcublasLt.so',
  'libcublas.so',
  'libcusparse.so',
  'libcusolver.so',
  'libcufft.so',
  'libcurand.so',
  'libcupti.so',
  'libnccl.so',
  'libcudnn.so',
] as const;

/** Where NVIDIA's wheels put a library of this name, its version after it; null when there is none. */
export function findCudaLibrary(folder: string, name: string): string | null {
  for (const part of readdirSync(folder)) {
    const libraries = join(folder, part, 'lib');
    if (!existsSync(libraries)) continue;
    const file = readdirSync(libraries).find((each) => each.startsWith(`${name}.`));
    if (file) return join(libraries, file);
  }
  return null;
}

/**
 * Opens NVIDIA's libraries of an installed runtime, so that TensorFlow finds them by name wherever they lie.
 *
 * @param folder `nvidia` of the runtime
 * @throws EngineError when one is missing or does not load
 */
export function loadCuda(folder: string): void {
  for (const name of CUDA_LIBRARIES) {
    const path = findCudaLibrary(folder, name);
    const problem = path === null ? 'it is not there' : openLibrary(path);
    if (problem !== null) {
      throw new EngineError(
        `${name} of ${folder} cannot be used: ${problem}; run 'espalier runtime remove' and 'espalier runtime install --gpu'`,
      );
    }
  }
}

/** Tells XLA where the compiler of device code is: beside the library or with the system's CUDA. Untold, it would run ./cuda_sdk_lib/bin/ptxas. */
export function nameDeviceCompiler({ library, cuda }: Pick<LibraryFiles, 'library' | 'cuda'>): void {
  const own = process.env.XLA_FLAGS ?? '';
  if (own.includes('--xla_gpu_cuda_data_dir=')) return;
  const folders = [cuda, join(dirname(library), '..', 'nvidia')].map((each) => each && join(each, 'cuda_nvcc'));
  const found = folders.find((each) => each !== null && existsSync(each)) ?? '/usr/local/cuda';
  process.env.XLA_FLAGS = `${own} --xla_gpu_cuda_data_dir=${found}`.trim();
}

/** The GPUs of NVIDIA's driver, by model; without any, why. */
export function cudaDevices(): { readonly names: readonly string[]; readonly reason: string | null } {
  if (process.platform !== 'linux') return { names: [], reason: `there is no CUDA for ${process.platform}` };
  let driver: LibraryHandle;
  try {
    driver = koffi().load('libcuda.so.1');
  } catch {
    return { names: [], reason: "NVIDIA's driver (libcuda.so.1) is not installed" };
  }
  const failed = driver.func('int cuInit(unsigned int)')(0) as number;
  if (failed !== 0) return { names: [], reason: `NVIDIA's driver does not start (CUDA error ${failed})` };
  const count = Int32Array.of(0);
  driver.func('int cuDeviceGetCount(void*)')(count);
  if (count[0] === 0) return { names: [], reason: "NVIDIA's driver finds no GPU (is CUDA_VISIBLE_DEVICES empty?)" };
  const nameOf = driver.func('int cuDeviceGetName(void*, int, int)');
  const names = Array.from({ length: valueAt(count, 0) }, (_, device) => {
    const text = new Uint8Array(256);
    nameOf(text, text.length, device); // device numbers are 0, 1, 2, ...
    return Buffer.from(text.subarray(0, text.indexOf(0))).toString();
  });
  return { names, reason: null };
}
