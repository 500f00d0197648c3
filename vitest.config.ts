import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Tests that run tensors: on every engine present. The rest needs none. */
const TENSOR_TESTS = ['test/{engine,backbones,necks,heads,training}/**/*.test.ts'];
const NATIVE_ONLY = ['test/**/*.native.test.ts'];
/** A process of their own: these stand other modules in the place of some, fill an engine's memory, count its tensors, or look at the process. */
const APART = [
  'test/datasets/decode/{decodeImage,kinds,pixels}.test.ts',
  'test/deploy/onnx/operators.test.ts',
  'test/engine/{checkpointed,shapes/bytes,wasm/heap}.test.ts',
  'test/training/{nativeSegmenter,overfit,roundTrip,run/ends}.test.ts',
];
/** Programs of the pages and of examples/, as processes of their own. */
const DOCS = ['test/docs.test.ts', 'test/examples/custom.test.ts'];
/** A file per core: also TensorFlow's tests leave most of a second core to others. */
const PARALLEL = { pool: 'forks', maxWorkers: availableParallelism() } as const;

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'portable',
          include: ['test/**/*.test.ts', 'coco-ts/test/**/*.test.ts'],
          exclude: [...NATIVE_ONLY, ...APART, ...DOCS, 'test/browser/**'],
          setupFiles: ['test/setup.ts'],
          env: { ESPALIER_TEST_ENGINE: 'wasm' },
          ...PARALLEL,
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'apart',
          include: APART,
          setupFiles: ['test/setup.ts'],
          env: { ESPALIER_TEST_ENGINE: 'wasm' },
          ...PARALLEL,
        },
      },
      {
        extends: true,
        test: {
          name: 'native',
          include: [...TENSOR_TESTS, ...NATIVE_ONLY],
          setupFiles: ['test/setup.ts'],
          env: { ESPALIER_TEST_ENGINE: 'tensorflow' },
          ...PARALLEL,
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          setupFiles: ['test/setup.ts'],
          env: { ESPALIER_TEST_ENGINE: 'wasm' },
          ...PARALLEL,
        },
      },
      { extends: true, test: { name: 'docs', include: DOCS, ...PARALLEL } },
    ],
  },
});
