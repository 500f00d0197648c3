import type { Cluster } from '../../engine/collective.js';
import { ConfigError, messageOf } from '../../engine/errors.js';

/** Processes of one cluster at most: the ring is passed through all of them at every step. */
const MAX_TASKS = 256;
/** Longest DNS name (RFC 1035). */
const MAX_HOST = 253;
const MAX_TF_CONFIG = 64 * 1024;

/** Where a cluster comes from: the command line, or the environment of a launcher. */
export interface ClusterSource {
  /** `host:port,host:port,...` */
  readonly cluster?: string | undefined;
  readonly task?: number | undefined;
  /** The variable TF_CONFIG, read where `cluster` is absent. */
  readonly tfConfig?: string | undefined;
}

/**
 * The cluster a process belongs to.
 *
 * @returns null: none is described, or one of a single process
 * @throws ConfigError for addresses, ports or task numbers that cannot be used
 */
export function clusterOf({ cluster, task, tfConfig }: ClusterSource): Pick<Cluster, 'task' | 'addresses'> | null {
  if (cluster === undefined) {
    if (task !== undefined) throw new ConfigError(`--task ${task} needs --cluster host:port,host:port`);
    return tfConfig === undefined || tfConfig.trim() === '' ? null : fromTfConfig(tfConfig);
  }
  if (task === undefined) throw new ConfigError('--cluster needs --task: the position of this process, from 0');
  return checked(cluster.split(','), task, '--cluster');
}

function checked(list: readonly string[], task: number, source: string): ReturnType<typeof clusterOf> {
  if (list.length > MAX_TASKS) throw new ConfigError(`${source} names ${list.length} processes, at most ${MAX_TASKS}`);
  const addresses = list.map((text) => parseAddress(text.trim(), source));
  const repeated = addresses.find((address, i) => addresses.indexOf(address) !== i);
  if (repeated !== undefined)
    throw new ConfigError(`${source} names ${repeated} twice: every process has its own port`);
  if (!Number.isInteger(task) || task < 0 || task >= addresses.length) {
    throw new ConfigError(
      `task ${task} is none of the ${addresses.length} processes of ${source}: give 0 to ${addresses.length - 1}`,
    );
  }
  return addresses.length === 1 ? null : { task, addresses };
}

/** IPv4, a host name, or IPv6 in brackets; then a port. */
const ADDRESS = /^([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]):([1-9]\d{0,4})$/;

function parseAddress(text: string, source: string): string {
  const lower = text.toLowerCase();
  const match = text.length <= MAX_HOST + 6 ? ADDRESS.exec(lower) : null;
  if (!match || Number(match[2]) > 65_535 || lower.includes('..')) {
    const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
    throw new ConfigError(`${source}: ${shown} is no address: give host:port, with a port from 1 to 65535`);
  }
  return lower;
}

/**
 * TensorFlow's variable: {"cluster": {"chief": [...], "worker": [...]}, "task": {"type": "worker", "index": 0}}. A chief is
 * task 0; an evaluator of the list has no part in training.
 */
function fromTfConfig(text: string): ReturnType<typeof clusterOf> {
  const source = 'TF_CONFIG';
  if (text.length > MAX_TF_CONFIG)
    throw new ConfigError(`${source} has ${text.length} characters: at most ${MAX_TF_CONFIG}`);
  const config = record(parseJson(text, source));
  const jobs = record(config?.cluster);
  if (!config || !jobs)
    throw new ConfigError(`${source} has no "cluster" of jobs: {"cluster": {"worker": ["host:port"]}}`);
  const servers = jobs.ps;
  if (Array.isArray(servers) && servers.length > 0) {
    throw new ConfigError(`${source} has parameter servers ("ps"): list workers only, they average among themselves`);
  }
  const chief = addressList(jobs.chief ?? jobs.master, source);
  const list = [...chief, ...addressList(jobs.worker, source)];
  const task = record(config.task);
  const [type, index] = [task?.type, Number(task?.index ?? Number.NaN)];
  if (type !== 'worker' && type !== 'chief' && type !== 'master') {
    throw new ConfigError(
      `${source}: a task of type ${JSON.stringify(type)} does not train: start chief and workers only`,
    );
  }
  const count = type === 'worker' ? list.length - chief.length : chief.length;
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new ConfigError(`${source}: there is no ${type} ${JSON.stringify(task?.index)} among ${count}`);
  }
  return checked(list, type === 'worker' ? chief.length + index : index, source);
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${source} is no JSON: ${messageOf(error)}`);
  }
}

function record(value: unknown): { readonly [key: string]: unknown } | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
}

function addressList(value: unknown, source: string): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.length <= MAX_TASKS && value.every((each) => typeof each === 'string'))
    return value;
  throw new ConfigError(`${source}: a job is a list of at most ${MAX_TASKS} addresses "host:port"`);
}
