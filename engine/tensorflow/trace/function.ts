import type { GraphOutput, Pointer } from '../binding/api.js';
import { message, varint } from '../binding/protobuf.js';
import type { Context } from '../context.js';
import { addOperation } from './graph.js';
import type { Tracer } from './trace.js';

let functionCount = 0;

/**
 * Turns a finished trace into a function of the eager context, its inputs in the order the trace first used them.
 *
 * @returns the name to call it by, and the function itself, which the caller frees
 */
export function addFunction(
  context: Context,
  tracer: Tracer,
  ends: readonly GraphOutput[],
  label: string,
  options: { readonly xla?: boolean } = {},
): { readonly name: string; readonly fn: Pointer } {
  const { api, status, check, eager } = context;
  const name = `espalier_${label.replace(/\W/g, '_')}_${functionCount++}`;
  const results = addResults(context, tracer.graph, ends);
  const starts = tracer.inputs.map(({ output }) => output);
  const lists = [starts.length, starts, results.length, results] as const;
  const fn = api.TF_GraphToFunction(tracer.graph, name, 0, -1, null, ...lists, null, null, null, status);
  check(`compiling ${name}`);
  if (options.xla) {
    const yes = message(varint(5, 1)); // AttrValue { b: true }
    api.TF_FunctionSetAttrValueProto(fn, '_XlaMustCompile', yes, yes.length, status);
    check(`compiling ${name}`);
  }
  api.TFE_ContextAddFunction(eager, fn, status);
  check(`compiling ${name}`);
  return { name, fn };
}

/** Identity nodes named result_0, result_1, ... after the ends of a graph. */
export function addResults(context: Context, graph: Pointer, ends: readonly GraphOutput[]): readonly GraphOutput[] {
  return ends.map((end, i) => {
    const op = { name: `result_${i}`, type: 'Identity', inputs: [end], attrs: [] };
    return (addOperation(context, graph, op)[0] as { output: GraphOutput }).output;
  });
}
