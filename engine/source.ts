/** Which call of whose code led here: what an error about an op deep inside should name. */
export interface CallSite {
  /** The function of TensorFlow.js or of this engine that was called, e.g. 'gather'. */
  readonly call: string;
  /** file:line:column of the caller. */
  readonly at: string;
}

/** The part of V8's structured stack frames that is used here. */
interface Frame {
  getFileName(): string | null | undefined;
  getFunctionName(): string | null;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
}

/** By the text of the address: a URL made of a folder is a file to copy for a bundler; in a plain script there is no address at all. */
const ENGINE_FOLDER = pathOf(String(import.meta.url)).replace(/[^/]*$/, '');
/** Deep enough for a gradient inside an optimizer inside a model. */
const MAX_FRAMES = 100;

/** The innermost call that code outside this engine and TensorFlow.js made. Costs some 20 microseconds. */
export function callSite(): CallSite {
  const frames = stackFrames();
  const user = frames.findIndex((frame) => isUser(frame.getFileName()));
  const frame = frames[user];
  if (!frame) return { call: 'an op', at: 'an unknown line' };
  const at = `${pathOf(frame.getFileName() as string)}:${frame.getLineNumber()}:${frame.getColumnNumber()}`;
  return { call: callee(frames.slice(0, user)), at };
}

/** For error messages: `tf.gather at /home/a/train.js:12:5`. */
export const describeSite = ({ call, at }: CallSite): string => `${call} at ${at}`;

function stackFrames(): readonly Frame[] {
  const holder = Error as unknown as {
    prepareStackTrace?: (error: Error, frames: readonly Frame[]) => unknown;
    stackTraceLimit: number;
  };
  const { prepareStackTrace, stackTraceLimit } = holder;
  holder.prepareStackTrace = (_, frames) => frames;
  holder.stackTraceLimit = MAX_FRAMES;
  try {
    const stack: unknown = new Error().stack;
    return Array.isArray(stack) ? stack : []; // engines other than V8 give text
  } finally {
    if (prepareStackTrace) holder.prepareStackTrace = prepareStackTrace;
    else delete holder.prepareStackTrace;
    holder.stackTraceLimit = stackTraceLimit;
  }
}

/** The outermost named function between the engine and the user's code. */
function callee(inner: readonly Frame[]): string {
  for (const frame of [...inner].reverse()) {
    const name = plainName(frame.getFunctionName());
    if (!name) continue;
    return isTfjs(frame.getFileName()) ? `tf.${name}` : name;
  }
  return 'an op';
}

/** tfjs wraps its ops: `gather__op`, `Tensor.dataSync`, `Object.conv2d_`. */
function plainName(name: string | null): string {
  const last = (name ?? '').split('.').at(-1) ?? '';
  const plain = last.replace(/^(async|new) /, '').replace(/_{1,2}(op)?$/, '');
  return /^\w+$/.test(plain) ? plain : '';
}

/** A package that is installed, not a project of somebody in a folder of that name. */
const isTfjs = (file: string | null | undefined): boolean =>
  /[/\\]node_modules[/\\]@tensorflow[/\\]tfjs|[/\\]dist[/\\]tfjs-node\.cjs$/.test(file ?? '');

function isUser(file: string | null | undefined): boolean {
  if (!file || file.startsWith('node:') || isTfjs(file)) return false;
  return !pathOf(file).startsWith(ENGINE_FOLDER);
}

function pathOf(file: string): string {
  return file.startsWith('file://') ? decodeURIComponent(file.slice('file://'.length)) : file;
}
