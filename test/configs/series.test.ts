import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { parseExperiment } from '../../configs/read.js';
import { foldMembers, memberResult, seedMembers, summarise, summaryOf, trainSeries } from '../../configs/series.js';
import { ConfigError, DataError, DivergedError, WriteError } from '../../engine/errors.js';
import { runFolder } from '../../training/run/folder.js';
import { folderWith } from '../datasets/folder.js';

const experiment = parseExperiment({ train: { seed: 7 }, data: { folds: 3 } }, 'test');

const ran = (AP: number | null, reason = 'done') =>
  memberResult({ reason, step: 4, seconds: 2, best: null, latest: { report: { AP, classes: [{ AP: 0.1 }] } } });

it('mean and sample deviation by hand, of what each run has', () => {
  const runs = [0.5, 0.7, 0.6, null].map((AP, i) => ({ name: `seed-${i}`, ...ran(AP) }));
  const { AP } = summarise(runs).figures;
  expect(AP?.values).toEqual([0.5, 0.7, 0.6]);
  expect(AP?.mean).toBeCloseTo(0.6, 12);
  expect(AP?.sd).toBeCloseTo(0.1, 12); // sqrt((0.01 + 0.01 + 0) / 2)
  expect(summarise(runs.slice(0, 1)).figures.AP).toEqual({ mean: 0.5, sd: null, values: [0.5] });
  expect(summarise([]).figures).toEqual({});
});

it('folds and seeds differ in that key alone', () => {
  expect(foldMembers(experiment).map(({ name, experiment: { data } }) => [name, data.fold])).toEqual([
    ['fold-0', 0],
    ['fold-1', 1],
    ['fold-2', 2],
  ]);
  const [first, second] = seedMembers(experiment, 2);
  expect(first).toEqual({ name: 'seed-7', experiment });
  expect(second?.experiment).toEqual({ ...experiment, train: { ...experiment.train, seed: 8 } });
  expect(() => foldMembers(parseExperiment({}, 'test'))).toThrow(/add data.folds/);
});

it('an interrupted series leaves out what is done, continues what was begun, and starts the rest', async () => {
  const out = join(folderWith({}), 'series');
  const members = seedMembers(experiment, 3);
  const asked: string[] = [];
  const trained =
    (stop: string | null) => async (member: { readonly name: string }, folder: string, begun: boolean) => {
      asked.push(`${member.name}${begun ? ' again' : ''}`);
      const files = runFolder(folder);
      mkdirSync(dirname(files.config), { recursive: true });
      writeFileSync(files.config, '{}');
      if (member.name === stop) return ran(null, 'interrupted');
      const AP = Number(member.name.slice(5)) / 10;
      const latest = { report: { AP } };
      writeFileSync(files.results, JSON.stringify({ reason: 'done', step: 4, seconds: 2, best: latest, latest }));
      return ran(AP);
    };
  expect(await trainSeries(members, { out, resume: false, train: trained('seed-8') })).toBeNull();
  const kept: unknown = JSON.parse(readFileSync(summaryOf(out), 'utf8'));
  expect(kept).toMatchObject({ runs: [{ name: 'seed-7', figures: { AP: 0.7 } }] });
  await expect(trainSeries(members, { out, resume: false, train: trained(null) })).rejects.toThrow(/--resume/);
  const summary = await trainSeries(members, { out, resume: true, train: trained(null) });
  expect(asked).toEqual(['seed-7', 'seed-8', 'seed-8 again', 'seed-9']);
  expect(summary?.figures.AP?.values).toEqual([0.7, 0.8, 0.9]);
  expect(summary?.figures.AP?.mean).toBeCloseTo(0.8, 12);
  expect(JSON.parse(readFileSync(summaryOf(out), 'utf8'))).toEqual(summary);
});

it('what the first training is refused with leaves nothing; damaged results are said with a remedy', async () => {
  const folder = folderWith({});
  const out = join(folder, 'series');
  const members = seedMembers(experiment, 2);
  const refused = async () => Promise.reject(new ConfigError('no such weights'));
  await expect(trainSeries(members, { out, resume: false, train: refused })).rejects.toThrow('no such weights');
  expect(readdirSync(folder)).toEqual([]);
  mkdirSync(join(out, 'seed-7'), { recursive: true });
  writeFileSync(runFolder(join(out, 'seed-7')).results, '{"reason":');
  await expect(trainSeries(members, { out, resume: true, train: refused })).rejects.toThrow(
    /results.json: it is no JSON: .*: remove the folder of this run/,
  );
});

it('one that diverges or fails is noted and the others go on; what cannot be written ends all', async () => {
  const out = join(folderWith({}), 'series');
  const members = seedMembers(experiment, 3);
  const problems: { readonly [name: string]: Error } = {
    'seed-7': new DivergedError('the total loss is NaN'),
    'seed-8': new DataError('a.png', 'it is cut off'),
  };
  const train = async ({ name }: { readonly name: string }, folder: string) => {
    mkdirSync(folder, { recursive: true });
    if (problems[name]) throw problems[name];
    return ran(0.5);
  };
  const told: string[] = [];
  const onFailure = (name: string, error: string) => void told.push(`${name} ${error}`);
  const summary = await trainSeries(members, { out, resume: false, train, onFailure });
  expect(told).toEqual(['seed-7 diverged: the total loss is NaN', 'seed-8 failed: a.png: it is cut off']);
  expect(summary?.runs.map(({ name, reason }) => [name, reason])).toEqual([
    ['seed-7', 'diverged'],
    ['seed-8', 'failed'],
    ['seed-9', 'done'],
  ]);
  expect(summary?.figures.AP).toEqual({ mean: 0.5, sd: null, values: [0.5] });
  expect(JSON.parse(readFileSync(summaryOf(out), 'utf8'))).toEqual(summary);
  const full = async () => Promise.reject(new WriteError('x', 'the disk is full', true));
  await expect(trainSeries(members, { out, resume: true, train: full })).rejects.toThrow('the disk is full');
});

it('one process at a time trains in a folder', async () => {
  const out = join(folderWith({}), 'series');
  const members = seedMembers(experiment, 1);
  const other = async () => {
    await expect(trainSeries(members, { out, resume: true, train: async () => ran(1) })).rejects.toThrow(/in use by/);
    return ran(0.5);
  };
  const summary = await trainSeries(members, { out, resume: false, train: other });
  expect(summary?.figures.AP?.values).toEqual([0.5]);
  expect(readdirSync(out)).toEqual(['summary.json']);
});

it('seeds end where a config ends them', () => {
  const last = { ...experiment, train: { ...experiment.train, seed: 2 ** 32 - 2 } };
  expect(seedMembers(last, 2).map(({ name }) => name)).toEqual(['seed-4294967294', 'seed-4294967295']);
  expect(() => seedMembers(last, 3)).toThrow(/lower train.seed/);
});

it('a single run is not a series', async () => {
  const out = folderWith({ 'config.json': '{}' });
  const train = async () => ran(1);
  await expect(trainSeries(seedMembers(experiment, 1), { out, resume: true, train })).rejects.toThrow(/single run/);
  expect(existsSync(summaryOf(out))).toBe(false);
});
