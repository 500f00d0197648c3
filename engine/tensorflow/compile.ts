import * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend, TensorMetadata } from '#tfjs-node';
import type { Compiled, CompileOptions, Compiler, Tree } from '../compile.js';
import { EngineError } from '../errors.js';
import type { Pointer } from './api.js';
import type { EagerBinding } from './binding.js';
import type { Context } from './context.js';
import { addFunction } from './function.js';
import { createTracer, type TraceInput } from './trace.js';
import { flatten, leafTensors, type Shape, unflatten } from './tree.js';

/** One traced signature, ready to be called. */
interface Program {
  readonly name: string;
  readonly inputs: readonly TraceInput[];
  readonly inputTypes: readonly number[];
  readonly outputTypes: readonly number[];
  /** Shapes and types of all outputs: results first, then the new values of `assigned`. */
  readonly outputs: readonly { shape: number[]; dtype: number }[];
  readonly result: Shape;
  readonly resultCount: number;
  readonly variables: readonly tf.Variable[];
  readonly assigned: readonly number[];
}

/** Most signatures kept per compiled function; the oldest is freed first. */
const MAX_PROGRAMS = 16;

/** The `compile` of this engine: tfjs function -> TensorFlow function, called as one op. */
export function createCompiler(context: Context, backend: NodeJSKernelBackend, eager: EagerBinding): Compiler {
  const isTracing = (): boolean => backend.binding !== eager;

  return <Args extends readonly Tree[], Result extends Tree>(
    fn: (...args: Args) => Result,
    options: CompileOptions,
  ): Compiled<Args, Result> => {
    const programs = new Map<string, Program>();
    let disposed = false;

    const programFor = (leaves: readonly tf.Tensor[], args: Args): Program => {
      if (disposed) throw new EngineError(`${options.name ?? 'the compiled function'} was disposed`);
      const key = signature(backend, leaves, args);
      const known = programs.get(key);
      if (known) return known;
      const program = trace({ context, backend, eager }, fn, args, leaves, options);
      programs.set(key, program);
      const oldest = programs.keys().next().value;
      if (programs.size > MAX_PROGRAMS && oldest !== undefined) {
        free(context, programs.get(oldest) as Program);
        programs.delete(oldest);
      }
      return program;
    };

    const call = (...args: Args): Result => {
      if (isTracing()) return fn(...args);
      const leaves = leafTensors(args);
      const program = programFor(leaves, args);
      const run = prepare(context, backend, eager, program, leaves);
      context.api.TFE_Execute(run.op, run.results, run.count, context.status);
      context.api.TFE_DeleteOp(run.op);
      context.check(options.name ?? 'a compiled function');
      return finish(backend, eager, program, run.results) as Result;
    };
    const callAsync = async (...args: Args): Promise<Result> => {
      const leaves = leafTensors(args);
      const program = programFor(leaves, args);
      const run = prepare(context, backend, eager, program, leaves);
      await executeAsync(context, run, options.name ?? 'a compiled function');
      return finish(backend, eager, program, run.results) as Result;
    };
    const dispose = (): void => {
      for (const program of programs.values()) free(context, program);
      programs.clear();
      disposed = true;
    };
    return Object.assign(call, { async: callAsync, dispose });
  };
}

interface Engine {
  readonly context: Context;
  readonly backend: NodeJSKernelBackend;
  readonly eager: EagerBinding;
}

/** Runs `fn` once on symbolic tensors; variables keep their values. */
function trace<Args extends readonly Tree[], Result extends Tree>(
  { context, backend, eager }: Engine,
  fn: (...args: Args) => Result,
  args: Args,
  leaves: readonly tf.Tensor[],
  options: CompileOptions,
): Program {
  const variables = Object.values(tf.engine().registeredVariables);
  const real = [...leaves, ...variables];
  const handles = backend.getInputTensorIds(real).map((id) => eager.handleOf(id));
  const constantOf = (slot: number): Pointer | null => {
    if (!options.constants || slot < leaves.length) return null;
    const tensor = context.api.TFE_TensorHandleResolve(handles[slot] as Pointer, context.status);
    context.check('reading a weight');
    return tensor;
  };
  const tracer = createTracer(context, eager, constantOf);
  const info = (tensor: tf.Tensor): { shape: number[]; dtype: number } => ({
    shape: tensor.shape,
    dtype: backend.tensorMap.get(tensor.dataId).dtype,
  });
  const idOf = (tensor: tf.Tensor): number => backend.getInputTensorIds([tensor])[0] as number;
  const kept = variables.map((variable) => tf.keep(tf.clone(variable)));
  backend.binding = tracer.binding;
  let program: Program | undefined;
  try {
    tf.tidy(() => {
      const symbolic = real.map((tensor, slot) => backend.createOutputTensor(tracer.declareSlot(slot, info(tensor))));
      const before = symbolic.map(idOf);
      variables.forEach((variable, i) => {
        variable.assign(symbolic[leaves.length + i] as tf.Tensor);
      });
      const { shape: argShape } = flatten(args);
      const symbolicArgs = unflatten(argShape, symbolic.slice(0, leaves.length)) as unknown as Args;
      const { leaves: results, shape: result } = flatten(fn(...symbolicArgs));
      refuseNewVariables(variables);
      const assigned = variables.flatMap((variable, i) => (idOf(variable) === before[leaves.length + i] ? [] : [i]));
      const returned = [...results, ...assigned.map((i) => variables[i] as tf.Variable)];
      const outputs = returned.map((tensor) => ({ shape: tensor.shape, dtype: info(tensor).dtype }));
      const ends = returned.map((tensor) => tracer.resolve(idOf(tensor)));
      const { name, fn: compiled } = addFunction(context, tracer, ends, options.name ?? 'function');
      context.api.TF_DeleteFunction(compiled);
      program = {
        name,
        inputs: tracer.inputs,
        inputTypes: tracer.inputs.map(({ dtype }) => dtype),
        outputTypes: ends.map((end) => context.api.TF_OperationOutputType(end)),
        outputs,
        result,
        resultCount: results.length,
        variables,
        assigned,
      };
    });
  } finally {
    variables.forEach((variable, i) => {
      variable.assign(kept[i] as tf.Tensor);
    });
    backend.binding = eager;
    tf.dispose(kept);
    tracer.finish();
    context.api.TF_DeleteGraph(tracer.graph);
  }
  return program as unknown as Program;
}

function refuseNewVariables(before: readonly tf.Variable[]): void {
  const now = Object.values(tf.engine().registeredVariables);
  const known = new Set(before);
  const created = now.filter((variable) => !known.has(variable));
  if (created.length === 0) return;
  const names = created.map(({ name }) => name).join(', ');
  for (const variable of created) variable.dispose();
  throw new EngineError(`a compiled function creates variables (${names}): create them before, outside compile()`);
}

interface Run {
  readonly op: Pointer;
  readonly results: BigUint64Array;
  readonly count: Int32Array;
}

function prepare(
  context: Context,
  backend: NodeJSKernelBackend,
  eager: EagerBinding,
  program: Program,
  leaves: readonly tf.Tensor[],
): Run {
  const { api, status, check } = context;
  const op = api.TFE_NewOp(context.eager, 'PartitionedCall', status);
  check('PartitionedCall');
  for (const { source } of program.inputs) {
    let handle: Pointer;
    if (source.kind === 'capture') handle = source.handle;
    else {
      const tensor = leaves[source.slot] ?? program.variables[source.slot - leaves.length];
      handle = eager.handleOf(backend.getInputTensorIds([tensor as tf.Tensor])[0] as number);
    }
    api.TFE_OpAddInput(op, handle, status);
  }
  check('PartitionedCall');
  api.TFE_OpSetAttrFunctionName(op, 'f', program.name, program.name.length);
  api.TFE_OpSetAttrTypeList(op, 'Tin', program.inputTypes, program.inputTypes.length);
  api.TFE_OpSetAttrTypeList(op, 'Tout', program.outputTypes, program.outputTypes.length);
  const outputs = program.outputs.length;
  return { op, results: new BigUint64Array(Math.max(1, outputs)), count: Int32Array.of(outputs) };
}

function executeAsync(context: Context, run: Run, name: string): Promise<void> {
  const { api } = context;
  const status = api.TF_NewStatus();
  return new Promise((resolve, reject) => {
    api.TFE_Execute.async(run.op, run.results, run.count, status, (error: Error | null) => {
      const failed =
        error ?? (api.TF_GetCode(status) === 0 ? null : new EngineError(`${name}: ${api.TF_Message(status)}`));
      api.TF_DeleteStatus(status);
      api.TFE_DeleteOp(run.op);
      if (failed) reject(failed);
      else resolve();
    });
  });
}

/** Wraps the results and gives the assigned variables their new values. */
function finish(backend: NodeJSKernelBackend, eager: EagerBinding, program: Program, handles: BigUint64Array): Tree {
  const tensors = program.outputs.map(({ shape, dtype }, i) => {
    const metadata: TensorMetadata = { id: eager.register(handles[i] as Pointer), shape, dtype };
    return backend.createOutputTensor(metadata);
  });
  program.assigned.forEach((variable, i) => {
    const value = tensors[program.resultCount + i] as tf.Tensor;
    (program.variables[variable] as tf.Variable).assign(value);
    value.dispose();
  });
  return unflatten(program.result, tensors.slice(0, program.resultCount));
}

function signature(backend: NodeJSKernelBackend, leaves: readonly tf.Tensor[], args: readonly Tree[]): string {
  const types = leaves.map((tensor) => `${backend.tensorMap.get(tensor.dataId).dtype}[${tensor.shape.join()}]`);
  return `${JSON.stringify(flatten(args).shape)}|${types.join()}`;
}

function free(context: Context, program: Program): void {
  const { api, status } = context;
  api.TFE_ContextRemoveFunction(context.eager, program.name, status);
  for (const { source } of program.inputs) {
    if (source.kind === 'capture') api.TFE_DeleteTensorHandle(source.handle);
  }
}
