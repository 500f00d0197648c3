import * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '#tfjs-node';
import { valueAt } from '../../checked.js';
import type { CompileOptions, Tree } from '../../compile.js';
import { EngineError } from '../../errors.js';
import type { CallSite } from '../../source.js';
import type { GraphOutput, Pointer } from '../binding/api.js';
import type { EagerBinding } from '../binding/binding.js';
import type { Context } from '../context.js';
import { type Callable, execute } from './execute.js';
import { addFunction } from './function.js';
import type { LossScale } from './lossScale.js';
import { withPatterns } from './patterns.js';
import { listed } from './signature.js';
import { createTracer, type Tracer } from './trace.js';
import { withTraceGuards } from './traceGuards.js';
import type { TraceInput } from './traceInputs.js';
import { type Flattened, flatten, type Shape, unflatten } from './tree.js';

/** The three parts every call needs. */
export interface Engine {
  readonly context: Context;
  readonly backend: NodeJSKernelBackend;
  readonly eager: EagerBinding;
}

/** One traced signature, ready to be called. */
export interface Program extends Callable {
  readonly result: Shape;
  readonly resultCount: number;
  /** Positions of `variables` that get the outputs after the results. */
  readonly assigned: readonly number[];
  /** Who made each node of the graph. */
  readonly sites: ReadonlyMap<string, CallSite>;
}

/** A finished trace whose graph still exists. */
export interface Trace {
  readonly tracer: Tracer;
  readonly ends: readonly GraphOutput[];
  readonly outputs: readonly { readonly shape: number[]; readonly dtype: number }[];
  readonly result: Shape;
  readonly resultCount: number;
  readonly variables: readonly tf.Variable[];
  readonly assigned: readonly number[];
}

/** Variables that a function creates at its first call are there at the second trace, and it creates no more. */
const MAX_ATTEMPTS = 3;

export interface TraceRequest<T> {
  readonly fn: (...args: never[]) => Tree;
  readonly args: Flattened;
  readonly options: CompileOptions;
  readonly plain?: boolean;
  readonly lossScale: LossScale | null;
  /** Makes of the trace what outlives its graph. */
  readonly use: (trace: Trace) => T;
  readonly say: (line: string) => void;
}

/**
 * Traces until the function creates no more variables: those of the first trace get their initial values, computed from
 * the real arguments, and the function is traced again with them.
 */
export function traceFunction<T>(engine: Engine, request: TraceRequest<T>): T {
  for (let attempt = 1; ; attempt++) {
    const { value, created } = traceOnce(engine, request, attempt === MAX_ATTEMPTS);
    if (created.length === 0) return value as T;
    request.say(`traced again, because its first call created ${created.length} variables (${listed(created)})`);
  }
}

interface Attempt<T> {
  readonly value?: T;
  readonly created: readonly tf.Variable[];
}

function traceOnce<T>(engine: Engine, request: TraceRequest<T>, isLast: boolean): Attempt<T> {
  const { context, backend, eager } = engine;
  const { args, options, lossScale } = request;
  const registered = Object.values(tf.engine().registeredVariables);
  const variables = registered.filter(({ dataId }) => backend.tensorMap.has(dataId)); // others live on another engine
  const real = [...args.leaves, ...variables];
  const handles = backend.getInputTensorIds(real).map((id) => eager.handleOf(id));
  const weightOf = (slot: number): Pointer | null => {
    if (!options.constants || slot < args.leaves.length) return null;
    const tensor = context.api.TFE_TensorHandleResolve(valueAt(handles, slot), context.status);
    context.check('reading a weight');
    return tensor;
  };
  const { mixedPrecision, name } = options;
  const plain = request.plain === true || options.constants === true;
  const tracer = createTracer(context, eager, { name, constants: weightOf, mixedPrecision, plain });
  const info = (tensor: tf.Tensor): { shape: number[]; dtype: number } => ({
    shape: tensor.shape,
    dtype: backend.tensorMap.get(tensor.dataId).dtype,
  });
  const idOf = (tensor: tf.Tensor): number => valueAt(backend.getInputTensorIds([tensor]), 0);
  const kept = variables.map((variable) => tf.keep(tf.clone(variable)));
  const created = new Map<tf.Variable, GraphOutput>();
  let value: T | undefined;
  let initialize: (() => void) | null = null;
  let failed = true;
  backend.binding = tracer.binding;
  try {
    tf.tidy(() => {
      const symbolic = real.map((tensor, slot) => backend.createOutputTensor(tracer.declareSlot(slot, info(tensor))));
      const before = symbolic.map(idOf);
      variables.forEach((variable, i) => {
        variable.assign(valueAt(symbolic, args.leaves.length + i));
      });
      const run = request.fn as (...args: Tree[]) => Tree;
      const given = unflatten(args.shape, symbolic.slice(0, args.leaves.length)) as unknown as Tree[];
      const recognized = (): Tree =>
        plain || options.patterns === false ? run(...given) : withPatterns(backend, tracer, () => run(...given));
      const scaled = (): Tree => (lossScale ? lossScale.run(variables, recognized) : recognized());
      const onCreate = (variable: tf.Variable): void => {
        created.set(variable, tracer.resolve(idOf(variable)));
      };
      const returned = withTraceGuards(backend, tracer, onCreate, scaled);
      if (created.size > 0) {
        if (isLast) throw createsEachTime([...created.keys()]);
        initialize = initializer(engine, tracer, request, variables, created);
        return;
      }
      if (tracer.refusal) throw tracer.refusal;
      const { leaves: results, shape: result } = flatten(returned, 'the result');
      refuseDisposed(variables);
      const assigned = variables.flatMap((variable, i) =>
        idOf(variable) === before[args.leaves.length + i] ? [] : [i],
      );
      const ending = [...results, ...assigned.map((i) => valueAt(variables, i))];
      value = request.use({
        tracer,
        ends: ending.map((tensor) => tracer.resolve(idOf(tensor))),
        outputs: ending.map(info),
        result,
        resultCount: results.length,
        variables,
        assigned,
      });
    });
    failed = false;
  } finally {
    variables.forEach((variable, i) => {
      if (!variable.isDisposed) variable.assign(kept[i] as tf.Tensor);
    });
    backend.binding = eager;
    tf.dispose(kept);
    if (failed) for (const variable of created.keys()) variable.dispose();
    tracer.finish(value === undefined && initialize === null);
    context.api.TF_DeleteGraph(tracer.graph);
  }
  (initialize as (() => void) | null)?.();
  return { ...(value === undefined ? {} : { value }), created: [...created.keys()] };
}

/** Compiles the initial values of the created variables; the function it returns computes and assigns them. */
function initializer<T>(
  engine: Engine,
  tracer: Tracer,
  { args, options }: TraceRequest<T>,
  variables: readonly tf.Variable[],
  created: ReadonlyMap<tf.Variable, GraphOutput>,
): () => void {
  const { context, backend } = engine;
  const outputs = [...created.keys()].map((variable) => ({
    shape: variable.shape,
    dtype: backend.tensorMap.get(variable.dataId).dtype,
  }));
  const inputs = [...tracer.inputs];
  const { name, fn } = addFunction(context, tracer, [...created.values()], `${options.name ?? 'function'}_variables`);
  context.api.TF_DeleteFunction(fn);
  return () => {
    const values = execute(engine, { name, inputs, outputs, variables }, args.leaves);
    [...created.keys()].forEach((variable, i) => {
      variable.assign(valueAt(values, i));
    });
    tf.dispose([...values]);
    freeFunction(context, { name, inputs });
  };
}

/** Removes a function from the context and frees what it captured. */
export function freeFunction(
  context: Context,
  { name, inputs }: { name: string; inputs: readonly TraceInput[] },
): void {
  const { api, status } = context;
  api.TFE_ContextRemoveFunction(context.eager, name, status);
  for (const { source } of inputs) if (source.kind === 'capture') api.TFE_DeleteTensorHandle(source.handle);
}

function createsEachTime(created: readonly tf.Variable[]): EngineError {
  return new EngineError(
    `a compiled function creates variables at every call (${listed(created)}): create them once, outside or behind \`??=\``,
  );
}

function refuseDisposed(variables: readonly tf.Variable[]): void {
  const gone = variables.filter(({ isDisposed }) => isDisposed);
  if (gone.length > 0) {
    throw new EngineError(`a compiled function disposes variables (${listed(gone)}): dispose them outside`);
  }
}
