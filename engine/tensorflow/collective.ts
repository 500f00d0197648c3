import { type Cluster, registerMembership } from '../collective.js';
import { EngineError } from '../errors.js';
import type { Api, Pointer } from './binding/api.js';
import { bytes, message, varint } from './binding/protobuf.js';

const JOB = 'worker';
const taskName = (task: number): string => `/job:${JOB}/replica:0/task:${task}`;
/** TF_UNAVAILABLE of tensorflow/c/tf_status.h. */
const UNAVAILABLE = 14;

/** The eager context as far as it exists when a cluster is joined. */
interface Opening {
  readonly api: Api;
  readonly eager: Pointer;
  readonly status: Pointer;
  check(doing: string): void;
}

/** ConfigProto: experimental = 16 { collective_group_leader = 1 }: task 0 hands out the parameters of every collective. */
export const leaderConfig = (): Uint8Array => bytes(16, message(bytes(1, taskName(0))));

/** ServerDef: cluster = 1 { job = 1 { name = 1, tasks = 2 { key = 1, value = 2 } } }, job_name = 2, task_index = 3, config = 4, protocol = 5. */
export function serverDef({ task, addresses }: Pick<Cluster, 'task' | 'addresses'>, config: Uint8Array): Uint8Array {
  const tasks = addresses.map((address, index) => bytes(2, message(varint(1, index), bytes(2, address))));
  const job = message(bytes(1, JOB), ...tasks);
  return message(bytes(1, bytes(1, job)), bytes(2, JOB), varint(3, task), bytes(4, config), bytes(5, 'grpc'));
}

/**
 * Starts TensorFlow's server for collectives and makes this process a member of the cluster. The server listens on this
 * task's port on every interface of the machine: TensorFlow knows no other way.
 *
 * @param config the serialized ConfigProto of the context, `leaderConfig` included
 * @throws EngineError when the library has no collectives or the server cannot start
 */
export function joinCluster({ api, eager, status, check }: Opening, cluster: Cluster, config: Uint8Array): void {
  const needed = ['TFE_EnableCollectiveOps', 'TFE_CollectiveOpsCheckPeerHealth', 'TFE_AbortCollectiveOps'] as const;
  const missing = needed.filter((name) => api[name] === null);
  if (missing.length > 0) {
    throw new EngineError(
      `this TensorFlow library has no collectives (${missing.join(', ')}): take that of 'espalier runtime install'`,
    );
  }
  // Addresses of a cluster are never reached through a proxy of the environment.
  const hosts = cluster.addresses.map((address) => address.slice(0, address.lastIndexOf(':')));
  process.env.no_grpc_proxy = [process.env.no_grpc_proxy, ...hosts].filter(Boolean).join(',');
  const definition = serverDef(cluster, config);
  api.TFE_EnableCollectiveOps(eager, definition, definition.length, status);
  check(`starting the server of task ${cluster.task} on ${cluster.addresses[cluster.task]}`);
  const others = cluster.addresses.map((_, task) => task).filter((task) => task !== cluster.task);
  registerMembership({
    ...cluster,
    unreachable: async (milliseconds) => {
      const answers = await Promise.all(others.map((task) => answersWithin(api, eager, task, milliseconds)));
      return others.filter((_, i) => !answers[i]);
    },
    abort: (reason) => {
      const own = api.TF_NewStatus();
      api.TF_SetStatus(own, UNAVAILABLE, reason);
      api.TFE_AbortCollectiveOps(eager, own);
      api.TF_DeleteStatus(own);
    },
  });
}

/** False too for a process that was started anew at the same address: it knows nothing of this run. */
function answersWithin(api: Api, eager: Pointer, task: number, milliseconds: number): Promise<boolean> {
  const status = api.TF_NewStatus();
  return new Promise((resolve) => {
    const done = (error: Error | null): void => {
      const healthy = error === null && api.TF_GetCode(status) === 0;
      api.TF_DeleteStatus(status);
      resolve(healthy);
    };
    api.TFE_CollectiveOpsCheckPeerHealth.async(eager, taskName(task), milliseconds, status, done);
  });
}
