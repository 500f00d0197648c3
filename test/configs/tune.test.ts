import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { parseExperiment, readExperiment } from '../../configs/read.js';
import type { Member } from '../../configs/series.js';
import { changed, drawChanges, roundsOf, tune } from '../../configs/tune.js';
import { DivergedError } from '../../engine/errors.js';
import { runFolder } from '../../training/run/folder.js';
import { folderWith } from '../datasets/folder.js';

const root = folderWith({});
const experiment = parseExperiment(
  { data: { root }, train: { learningRate: 0.01, weightDecay: 0.02, seed: 4 } },
  'test',
);

it('a third goes on, until three or fewer are compared', () => {
  expect(roundsOf(9)).toEqual([9, 3]);
  expect(roundsOf(27)).toEqual([27, 9, 3]);
  expect(roundsOf(10)).toEqual([10, 4, 2]);
  expect(roundsOf(2)).toEqual([2]);
});

it('changes are the same for a seed, within their bounds, and the first changes nothing', () => {
  const changes = drawChanges(200, 4);
  expect(drawChanges(200, 4)).toEqual(changes);
  expect(changed(experiment, changes[0] as (typeof changes)[number])).toEqual(experiment);
  for (const { rate, decay, strength } of changes) {
    expect(Math.abs(Math.log(rate))).toBeLessThanOrEqual(Math.log(8));
    expect(Math.abs(Math.log(decay))).toBeLessThanOrEqual(Math.log(10));
    expect(strength).toBeGreaterThanOrEqual(0);
    expect(strength).toBeLessThanOrEqual(2);
  }
  expect(changes.filter(({ rate }) => rate > 1).length).toBeGreaterThan(70);
});

it('a change is written into the keys it stands for', () => {
  const { train, augment } = changed(experiment, { rate: 2, decay: 0.5, strength: 2 });
  expect([train.learningRate, train.weightDecay]).toEqual([0.02, 0.01]);
  expect(augment).toMatchObject({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.04, scale: [0.49, 2.56] });
  const policy = { ...experiment, augment: { ...experiment.augment, policy: 'rand-m9-mstd0.5' } };
  const weak = changed(policy, { rate: 1, decay: 1, strength: 0.5 }).augment;
  expect([weak.policy, weak.brightness]).toEqual(['rand-m5-mstd0.5', 0]);
  const none = changed(experiment, { rate: 1, decay: 1, strength: 0 }).augment;
  expect(none).toMatchObject({ brightness: 0, hue: 0, scale: [1, 1], flipHorizontal: 0.5 });
});

/** A training whose figure is best at four times the rate, without augmentation counting. */
const trainer = (asked: string[], stopAt: number | null) => async (member: Member, folder: string) => {
  asked.push(folder.slice(-15));
  const { learningRate, minutes } = member.experiment.train;
  const files = runFolder(folder);
  mkdirSync(dirname(files.config), { recursive: true });
  writeFileSync(files.config, '{}');
  if (asked.length === stopAt) return { reason: 'interrupted', step: 1, seconds: 1, figures: {} };
  const AP = 1 - Math.abs(Math.log(learningRate / 0.04)) / 10 + (minutes ?? 0) / 1000;
  const latest = { report: { AP } };
  writeFileSync(files.results, JSON.stringify({ reason: 'time', step: 2, seconds: 1, best: latest, latest }));
  return { reason: 'time', step: 2, seconds: 1, figures: { AP } };
};

it('the rate nearest to the best wins, the time is shared out, and an interrupted search goes on', async () => {
  const out = join(folderWith({}), 'search');
  const options = { out, minutes: 90, trials: 9, say: () => undefined };
  const asked: string[] = [];
  expect(await tune(experiment, { ...options, resume: false, train: trainer(asked, 5) })).toBeNull();
  await expect(tune(experiment, { ...options, resume: false, train: trainer(asked, null) })).rejects.toThrow(
    /--resume/,
  );
  await expect(tune(experiment, { ...options, trials: 8, resume: true, train: trainer(asked, null) })).rejects.toThrow(
    /ask for the same/,
  );
  const tuned = await tune(experiment, { ...options, resume: true, train: trainer(asked, null) });
  expect(asked.length).toBe(9 + 1 + 3); // the fifth twice
  expect(tuned?.rungs.map(({ minutes, scores }) => [minutes, scores.length])).toEqual([
    [5, 9],
    [15, 3],
  ]);
  const distance = (trial: number): number =>
    Math.abs(Math.log(0.01 * (tuned?.trials[trial]?.rate ?? 0)) - Math.log(0.04));
  const nearest = tuned?.trials.map((_, trial) => trial).sort((a, b) => distance(a) - distance(b))[0];
  expect(tuned?.best.trial).toBe(nearest);
  const best = readExperiment(tuned?.file ?? '');
  expect(best.train.minutes).toBeNull();
  expect(best.train.learningRate).toBeCloseTo(0.01 * (tuned?.trials[nearest ?? 0]?.rate ?? 0), 5);
  expect(JSON.parse(readFileSync(join(out, 'tune.json'), 'utf8'))).toMatchObject({ best: tuned?.best, minutes: 90 });
});

it('a trial that diverges is the last of its round, and a round of such trials ends the search with a remedy', async () => {
  const said: string[] = [];
  const options = { minutes: 9, trials: 3, resume: false, say: (line: string) => said.push(line) };
  const diverging = (names: readonly string[]) => async (member: Member, folder: string) => {
    if (names.includes(member.name)) throw new DivergedError('step 3: the total loss is NaN');
    return trainer([], null)(member, folder);
  };
  const tuned = await tune(experiment, {
    ...options,
    out: join(folderWith({}), 'search'),
    train: diverging(['trial-0', 'trial-2']),
  });
  expect(tuned?.best.trial).toBe(1);
  expect(tuned?.rungs[0]?.scores.slice(1)).toEqual([0, 2].map((trial) => ({ trial, score: null })));
  expect(said).toContain('trial-2 diverged: step 3: the total loss is NaN');
  const out = join(folderWith({}), 'search');
  const all = diverging(['trial-0', 'trial-1', 'trial-2']);
  await expect(tune(experiment, { ...options, out, train: all })).rejects.toThrow(
    /no trial of round 1 has a AP to compare by: lower train.learningRate/,
  );
});

it("a search of another config is not continued, and nobody's files are replaced", async () => {
  const options = { minutes: 9, trials: 2, say: () => undefined, train: trainer([], null) };
  const out = join(folderWith({}), 'search');
  await tune(experiment, { ...options, out, resume: false });
  const other = { ...experiment, train: { ...experiment.train, learningRate: 0.5 } };
  await expect(tune(other, { ...options, out, resume: true })).rejects.toThrow(
    /a search with another config \(2 trials/,
  );
  for (const text of ['no JSON', '{"minutes":1}']) {
    writeFileSync(join(out, 'asked.json'), text);
    await expect(tune(experiment, { ...options, out, resume: true })).rejects.toThrow(/asked.json: .*: choose another/);
  }
  for (const name of ['best.yaml', 'tune.json', 'config.json']) {
    const mine = folderWith({ [name]: 'mine' });
    await expect(tune(experiment, { ...options, out: mine, resume: false })).rejects.toThrow(/belongs to no search/);
    expect(readdirSync(mine)).toEqual([name]);
  }
  await expect(tune(experiment, { ...options, out: '', resume: false })).rejects.toThrow(/names no folder/);
});

it('without validation images there is nothing to compare by', async () => {
  const alone = { ...experiment, data: { ...experiment.data, val: null } };
  const options = { out: join(folderWith({}), 'x'), minutes: 1, trials: 2, resume: false, say: () => undefined };
  await expect(tune(alone, { ...options, train: trainer([], null) })).rejects.toThrow(/add data.val/);
});
