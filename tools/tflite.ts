import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ExportedFile } from '../deploy/formats.js';
import { ConfigError, WeightsError } from '../engine/errors.js';
import { readRegular } from '../engine/files/read.js';
import { makeFolder, makeWorkFolder, writeWhole } from '../engine/files/write.js';
import { namedPlace } from '../engine/host/environment.js';
import { elsewhere, findProgram, ISOLATED } from '../engine/host/programs.js';

/** Converts the SavedModel of a folder; f16: weights of 16 bits. */
const PROGRAM = `import sys
try:
    import tensorflow as tf
except ImportError:
    sys.exit(3)
converter = tf.lite.TFLiteConverter.from_saved_model(sys.argv[1])
if sys.argv[3] == 'f16':
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
with open(sys.argv[2], 'wb') as file:
    file.write(converter.convert())
`;
const WITHOUT_TENSORFLOW = 3;
const REMEDY =
  'name one with TensorFlow by its whole path in ESPALIER_PYTHON (pip install tensorflow-cpu into an environment of its own)';
const MAX_BYTES = 2 ** 31 - 1;

/**
 * A SavedModel as a TFLite file, by the converter of TensorFlow in Python: the one that ESPALIER_PYTHON names, or python3 of the path.
 *
 * @throws ConfigError when there is no such Python, or it has no TensorFlow
 * @throws WeightsError with what the converter says
 */
export function tfliteOf(files: readonly ExportedFile[], precision: string): Uint8Array {
  const python = namedPlace('ESPALIER_PYTHON') ?? findProgram('python3');
  if (python === null) throw new ConfigError(`--to tflite needs Python, and there is none: ${REMEDY}`);
  const work = makeWorkFolder(join(tmpdir(), 'espalier-tflite-'));
  try {
    for (const { name, bytes } of files) {
      makeFolder(dirname(join(work, name)));
      writeWhole(join(work, name), [bytes]);
    }
    const out = join(work, 'model.tflite');
    const { status, stderr, error } = spawnSync(python, [ISOLATED, '-c', PROGRAM, work, out, precision], {
      ...elsewhere(),
      encoding: 'utf8',
      maxBuffer: 2 ** 28, // TensorFlow talks much
    });
    if (error || status === WITHOUT_TENSORFLOW)
      throw new ConfigError(`--to tflite needs TensorFlow, which ${python} does not have: ${REMEDY}`);
    if (status !== 0) throw new WeightsError(`TensorFlow's converter: ${stderr.trim().split('\n').at(-1) ?? status}`);
    return readRegular(out, { maxBytes: MAX_BYTES, refuse: (problem) => new WeightsError(`${out}: ${problem}`) });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
