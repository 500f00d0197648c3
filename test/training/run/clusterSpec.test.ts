import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ready } from '../../../engine/engine.js';
import { ConfigError } from '../../../engine/errors.js';
import { requireFreePort } from '../../../training/run/clusterPort.js';
import { clusterOf } from '../../../training/run/clusterSpec.js';

describe('--cluster', () => {
  it('is a list of addresses with the position of this process', () => {
    expect(clusterOf({ cluster: '10.0.0.1:2222, Trainer-2.local:80,[::1]:65535', task: 1 })).toEqual({
      task: 1,
      addresses: ['10.0.0.1:2222', 'trainer-2.local:80', '[::1]:65535'],
    });
  });

  it('of one process, and none at all, means to train alone', () => {
    expect(clusterOf({ cluster: 'localhost:2222', task: 0 })).toBeNull();
    expect(clusterOf({})).toBeNull();
    expect(clusterOf({ tfConfig: ' ' })).toBeNull();
  });

  it.each([
    ['localhost', 'is no address'],
    ['localhost:0', 'is no address'],
    ['localhost:65536', 'is no address'],
    ['localhost:99999999999999', 'is no address'],
    ['localhost:22 22', 'is no address'],
    ['local/host:2222', 'is no address'],
    ['unix:///tmp/socket:1', 'is no address'],
    ['-host:2222', 'is no address'],
    ['a..b:2222', 'is no address'],
    ['host\n:2222', 'is no address'],
    [`${'a'.repeat(100_000)}:2222`, '"aaaa'],
    ['', 'is no address'],
    ['a:1,,b:2', 'is no address'],
    ['a:1,A:1', 'names a:1 twice'],
    [Array.from({ length: 257 }, (_, i) => `a:${i + 1}`).join(), '257 processes, at most 256'],
  ])('refuses %j', (cluster, message) => {
    const refused = () => clusterOf({ cluster, task: 0 });
    expect(refused).toThrow(ConfigError);
    expect(refused).toThrow(message);
  });

  it.each([-1, 2, 0.5, Number.NaN])('refuses task %d of two', (task) => {
    expect(() => clusterOf({ cluster: 'a:1,b:2', task })).toThrow('none of the 2 processes of --cluster: give 0 to 1');
  });

  it('needs --task, and --task needs it', () => {
    expect(() => clusterOf({ cluster: 'a:1,b:2' })).toThrow('--cluster needs --task');
    expect(() => clusterOf({ task: 1 })).toThrow('--task 1 needs --cluster');
  });
});

describe('TF_CONFIG', () => {
  const of = (value: unknown) => clusterOf({ tfConfig: JSON.stringify(value) });
  const cluster = { chief: ['c:1'], worker: ['w0:1', 'w1:1'], evaluator: ['e:1'] };

  it('gives chief, then workers; the command line wins', () => {
    const addresses = ['c:1', 'w0:1', 'w1:1'];
    expect(of({ cluster, task: { type: 'chief', index: 0 }, environment: 'cloud' })).toEqual({ task: 0, addresses });
    expect(of({ cluster, task: { type: 'worker', index: '1' } })).toEqual({ task: 2, addresses });
    const tfConfig = JSON.stringify({ cluster, task: { type: 'chief', index: 0 } });
    expect(clusterOf({ cluster: 'a:1,b:2', task: 1, tfConfig })).toEqual({ task: 1, addresses: ['a:1', 'b:2'] });
  });

  it('without workers beside it means to train alone', () => {
    expect(of({ cluster: { worker: ['w0:1'] }, task: { type: 'worker', index: 0 } })).toBeNull();
  });

  it.each([
    [{ task: { type: 'worker', index: 0 } }, 'has no "cluster"'],
    [{ cluster: { worker: 'w0:1' }, task: { type: 'worker', index: 0 } }, 'a job is a list'],
    [{ cluster: { worker: [1, 2] }, task: { type: 'worker', index: 0 } }, 'a job is a list'],
    [{ cluster: { ...cluster, ps: ['p:1'] }, task: { type: 'worker', index: 0 } }, 'parameter servers'],
    [{ cluster, task: { type: 'evaluator', index: 0 } }, 'of type "evaluator" does not train'],
    [{ cluster, task: { type: 'worker', index: 2 } }, 'there is no worker 2 among 2'],
    [{ cluster, task: { type: 'worker' } }, 'there is no worker undefined'],
    [{ cluster }, 'does not train'],
    [{ cluster: { worker: ['w0:1', 'w0'] }, task: { type: 'worker', index: 0 } }, '"w0" is no address'],
    [[], 'has no "cluster"'],
    [null, 'has no "cluster"'],
  ])('refuses %j', (value, message) => {
    expect(() => of(value)).toThrow(ConfigError);
    expect(() => of(value)).toThrow(message);
  });

  it('refuses what is no JSON, and what is too long', () => {
    expect(() => clusterOf({ tfConfig: '{' })).toThrow('TF_CONFIG is no JSON');
    expect(() => clusterOf({ tfConfig: `${' '.repeat(70_000)}{` })).toThrow('70001 characters');
  });
});

it('a port that is in use is refused, whoever listens', async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, () => resolve((server.address() as { port: number }).port));
  });
  await expect(requireFreePort(`127.0.0.1:${port}`)).rejects.toThrow(`port ${port} of 127.0.0.1:${port} is in use`);
  await new Promise((resolve) => server.close(resolve));
  await requireFreePort(`127.0.0.1:${port}`);
});

it.each(['wasm', 'cpu'] as const)('the %s engine refuses a cluster', async (engine) => {
  const cluster = { task: 0, addresses: ['127.0.0.1:1', '127.0.0.1:2'], timeoutSeconds: 1 };
  await expect(ready({ engine, cluster })).rejects.toThrow(`the ${engine} engine computes alone: a cluster needs`);
});
