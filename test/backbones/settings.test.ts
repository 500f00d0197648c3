import { expect, it } from 'vitest';
import { createBackbone, createClassifier } from '../../backbones/index.js';
import { checkOptions } from '../../backbones/settings.js';
import { ConfigError } from '../../engine/errors.js';
import { createDetector } from '../../heads/index.js';
import { createBiFPN } from '../../necks/index.js';

const arch = 'squeezenet1_1';

it('names an option that does not exist, and the nearest that does', () => {
  const backbone = { arch, frozn: 'all' } as const;
  expect(() => createBackbone(backbone)).toThrow(ConfigError);
  expect(() => createBackbone(backbone)).toThrow("squeezenet1_1: there is no option 'frozn'; did you mean 'frozen'?");
  expect(() => createClassifier({ arch, classes: 2, dropuot: 0.1 } as never)).toThrow(
    "'dropuot'; did you mean 'dropout'?",
  );
  expect(() => createBiFPN({ levels: ['P3', 'P4'], chanels: 8 } as never, {} as never)).toThrow(
    "BiFPN: there is no option 'chanels'; did you mean 'channels'?",
  );
  expect(() => createDetector({ classes: 2, neck: { chanels: 8 } } as never)).toThrow(
    "'neck.chanels'; did you mean 'channels'?",
  );
});

it('lists the options where none is like it', () => {
  expect(() => checkOptions({ zoom: 1 } as object, { size: true, seed: true } as never, 'draw')).toThrow(
    "draw: there is no option 'zoom'; choose one of size, seed",
  );
});

it('a backbone needs its name alone: nothing is frozen, and its values are those of seed 1', () => {
  const [first, second] = [createBackbone({ arch }), createBackbone({ arch, seed: 1, frozen: 'none' })];
  const name = [...first.parameters.keys()][0] as string;
  const values = [first, second].map(({ parameters }) => parameters.get(name)?.variable.dataSync());
  expect(values[0]).toEqual(values[1]);
  expect([...first.parameters.values()].every(({ variable }) => variable.trainable)).toBe(true);
  for (const each of [first, second]) each.dispose();
});
