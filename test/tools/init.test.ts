import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { readExperiment } from '../../configs/read.js';
import { init } from '../../tools/dataCommands.js';
import { dataMissing, dataPath } from '../data.js';
import { folderWith } from '../datasets/folder.js';

afterEach(() => vi.restoreAllMocks());

test.skipIf(dataMissing)('init plans for volumes, writes why, and the config is one that trains', async () => {
  const told = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const out = join(folderWith({}), 'cord.yaml');
  await init(dataPath('nifti/sct'), { json: true, out, minutes: 5 });
  const { plan, config } = JSON.parse(String(told.mock.calls[0]?.[0]));
  expect(config).toBe(out);
  // Two of the three cases train: 0.5 and 1 mm between pixels, 7.5 and 1 mm between slices.
  expect(plan).toMatchObject({ spacing: [0.75, 0.75], patch: [64, 64], intensity: 'zscore', foreground: 0.33 });
  expect(plan.nnunet.strides).toHaveLength(4);
  const text = readFileSync(out, 'utf8');
  expect(text).toContain('# 2 training cases of 86 slices, 0 of them empty');
  expect(text).toMatch(/nnU-Net on 8 GB: patches of 72 x 48, 2 a batch/);
  const { data, train, evaluate } = readExperiment(out);
  expect(data).toMatchObject({ kind: 'medical', spacing: [0.75, 0.75], root: dataPath('nifti/sct') });
  expect(train).toMatchObject({ minutes: 5, batchSize: plan.batch, clipNorm: 12, schedule: { kind: 'poly' } });
  expect(evaluate.cases.of).toBe('folder');
  await expect(init(dataPath('nifti/sct'), { out, minutes: 5 })).rejects.toThrow(/exists: name another file/);
});
