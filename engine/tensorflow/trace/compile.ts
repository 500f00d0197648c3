import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { valueAt } from '../../checked.js';
import type { Compiled, CompiledGraph, CompileOptions, Compiler, Tree } from '../../compile.js';
import { EngineError, messageOf } from '../../errors.js';
import { isDifferentiating } from '../../tfjs.js';
import type { Context } from '../context.js';
import { TensorFlowError } from '../context.js';
import { callBytes } from '../memory/peakBytes.js';
import { adoptOutputs, bind, type Run, runAsync, runNow } from './execute.js';
import { explain } from './explain.js';
import { exportGraph } from './exportGraph.js';
import { addFunction } from './function.js';
import { createLossScale, type LossScale } from './lossScale.js';
import { type Engine, freeFunction, type Program, traceFunction } from './program.js';
import { difference, type Signature, signatureOf } from './signature.js';
import { type Flattened, flatten, unflatten } from './tree.js';

/** Most signatures kept per compiled function; the one not used for longest is freed first. */
export const MAX_SIGNATURES = 16;

interface Entry {
  readonly signature: Signature;
  readonly program: Program;
  /** That a call needs at its peak. */
  readonly bytes: number;
  /** Calls under way on other threads. */
  running: number;
  freed: boolean;
}

/** The `compile` of this engine: tfjs function -> TensorFlow function, called as one op. */
export function createCompiler(engine: Engine): Compiler {
  const { context, backend, eager } = engine;
  /** Inside a trace, or on the tape of an eager gradient, the function runs op by op, as a part of what is around it. */
  const isInside = (): boolean => backend.binding !== eager || isDifferentiating();

  return <Args extends readonly Tree[], Result extends Tree>(
    fn: (...args: Args) => Result,
    options: CompileOptions,
  ): Compiled<Args, Result> => {
    requireThreads(context, options.threads);
    const name = options.name ?? (fn.name || 'function');
    const cache = createCache(engine, { ...options, name }, fn as unknown as (...args: never[]) => Tree);
    let last: Promise<unknown> = Promise.resolve();
    let waiting = 0;

    const call = (...args: Args): Result => {
      if (isInside()) return fn(...args);
      const flat = flatten(args);
      const entry = cache.entryFor(flat);
      if (waiting > 0 && entry.program.assigned.length > 0) {
        throw new EngineError(`${name} assigns variables and an asynchronous call of it is under way: await it first`);
      }
      const run = bind(engine, entry.program, flat.leaves);
      explained(entry.program, () => runNow(engine, run, name));
      return finish(engine, entry.program, run) as Result;
    };
    const callAsync = (...args: Args): Promise<Result> => {
      if (isInside()) {
        throw new EngineError(
          `${name}.async() was called inside a compiled function or a gradient: call it without .async`,
        );
      }
      const { leaves, shape } = flatten(args);
      const kept = leaves.map((tensor) => tf.keep(tf.clone(tensor))); // the caller may dispose its own at once
      const turn = async (): Promise<Result> => {
        try {
          return (await runEntry(engine, cache.entryFor({ leaves: kept, shape }), kept, name)) as Result;
        } finally {
          tf.dispose(kept);
          waiting--;
        }
      };
      waiting++;
      const result = last.then(turn);
      last = result.catch(() => {});
      return result;
    };
    const graph = (...args: Args): CompiledGraph => cache.graph(flatten(args));
    const memory = (...args: Args): number => cache.memory(flatten(args));
    return Object.assign(call, { async: callAsync, graph, memory, dispose: cache.dispose });
  };
}

interface Cache {
  entryFor(args: Flattened): Entry;
  graph(args: Flattened): CompiledGraph;
  memory(args: Flattened): number;
  dispose(): void;
}

function createCache(
  engine: Engine,
  options: CompileOptions & { name: string },
  fn: (...args: never[]) => Tree,
): Cache {
  const entries = new Map<string, Entry>(); // least recently used first
  const say = (line: string): void => (options.log ?? console.warn)(`${options.name}: ${line}`);
  let disposed = false;
  let lossScale: LossScale | null = null;
  const request = (args: Flattened) => {
    if (disposed) throw new EngineError(`${options.name} was disposed: compile it anew`);
    if (options.mixedPrecision === 'f16') lossScale ??= createLossScale(options.name);
    return { fn, args, options, lossScale, say };
  };
  const forget = (entry: Entry): void => {
    entries.delete(entry.signature.key);
    entry.freed = true;
    if (entry.running === 0) freeFunction(engine.context, entry.program);
  };
  const trace = (signature: Signature, args: Flattened): Entry => {
    let bytes = 0;
    const program = traceFunction(engine, {
      ...request(args),
      use: (done): Program => {
        const { tracer, ends, ...rest } = done;
        bytes = callBytes(done);
        const added = addFunction(engine.context, tracer, ends, options.name);
        engine.context.api.TF_DeleteFunction(added.fn);
        return { ...rest, name: added.name, inputs: [...tracer.inputs], sites: tracer.sites };
      },
    });
    const entry = { signature, program, bytes, running: 0, freed: false };
    entries.set(signature.key, entry);
    return entry;
  };

  return {
    entryFor(args) {
      if (disposed) throw new EngineError(`${options.name} was disposed: compile it anew`);
      const signature = signatureOf(engine.backend, args);
      const known = entries.get(signature.key);
      const gone = known ? disposedVariables(known.program, args.leaves.length) : [];
      if (known && gone.length === 0) {
        entries.delete(signature.key);
        entries.set(signature.key, known);
        return known;
      }
      const before = known ?? [...entries.values()].at(-1);
      if (before) say(`traced again: ${difference(before.signature, signature, gone)}`);
      if (known) forget(known);
      const entry = trace(signature, args);
      const [oldest] = entries.values();
      if (entries.size > MAX_SIGNATURES && oldest) {
        say(`more than ${MAX_SIGNATURES} signatures: the trace for ${oldest.signature.types.join(', ')} is freed`);
        forget(oldest);
      }
      return entry;
    },
    memory(args) {
      const signature = signatureOf(engine.backend, args);
      const known = entries.get(signature.key) ?? (entries.size === 0 ? trace(signature, args) : undefined);
      return known?.bytes ?? traceFunction(engine, { ...request(args), use: callBytes });
    },
    graph: (args) =>
      traceFunction(engine, { ...request(args), plain: true, use: (done) => exportGraph(engine, args, done) }),
    dispose() {
      for (const entry of [...entries.values()]) forget(entry);
      lossScale?.dispose();
      lossScale = null;
      disposed = true;
    },
  };
}

async function runEntry(engine: Engine, entry: Entry, leaves: readonly tf.Tensor[], name: string): Promise<Tree> {
  const run = bind(engine, entry.program, leaves);
  entry.running++;
  try {
    await runAsync(engine, run);
  } catch (error) {
    throw new TensorFlowError(explain(entry.program.sites, `${name}: ${messageOf(error)}`));
  } finally {
    if (--entry.running === 0 && entry.freed) freeFunction(engine.context, entry.program);
  }
  return finish(engine, entry.program, run);
}

function explained(program: Program, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw error instanceof TensorFlowError ? new TensorFlowError(explain(program.sites, error.message)) : error;
  }
}

/** Wraps the results and gives the assigned variables their new values. */
function finish(engine: Engine, program: Program, run: Run): Tree {
  const tensors = adoptOutputs(engine, program, run);
  program.assigned.forEach((index, i) => {
    const value = valueAt(tensors, program.resultCount + i);
    valueAt(program.variables, index).assign(value);
    value.dispose();
  });
  return unflatten(program.result, tensors.slice(0, program.resultCount));
}

/** Variables the program uses that do not exist any more. */
function disposedVariables({ inputs, variables, assigned }: Program, argumentCount: number): readonly tf.Variable[] {
  const read = inputs.flatMap(({ source }) => (source.kind === 'slot' ? [source.slot - argumentCount] : []));
  const used = new Set([...read, ...assigned]);
  return variables.filter(({ isDisposed }, i) => isDisposed && used.has(i));
}

/** One context serves the process, and TensorFlow fixes its threads when the context opens. */
function requireThreads(context: Context, threads: number | undefined): void {
  const open = context.threads || availableParallelism();
  if (threads === undefined || threads === open) return;
  throw new EngineError(
    `options.threads is ${threads}, but TensorFlow was opened with ${open}: call await ready({ engine: 'tensorflow', threads: ${threads} }) before anything else`,
  );
}
