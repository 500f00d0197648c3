import { createGunzip, gzipSync } from 'node:zlib';
import * as z from 'zod';
import type { Evaluator } from '../datasets/evaluators/evaluator.js';
import type { Truth } from '../datasets/sample.js';
import { ConfigError, DataError, EspalierError } from '../engine/errors.js';
import { streamRegular } from '../engine/files/read.js';
import { writeWhole } from '../engine/files/write.js';
import { type Report, TASK_NAMES, type Task, taskNamed } from '../heads/index.js';

/** One of several processes that share a data set out, counted from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/**
 * Where the part of a shard begins and ends: whole batches, as even as they come, so that images are answered in the batches
 * of a single process.
 */
export function rangeOf({ index, count }: Shard, size: number, batch: number): readonly [from: number, to: number] {
  const batches = Math.ceil(size / batch);
  const edge = (part: number): number => Math.min(size, Math.floor((batches * part) / count) * batch);
  return [edge(index - 1), edge(index)];
}

const headerSchema = z.strictObject({
  format: z.literal('espalier-answers'),
  version: z.literal(1),
  task: z.enum(TASK_NAMES as [...typeof TASK_NAMES]),
  classes: z
    .array(
      z.strictObject({
        id: z.int(),
        name: z.string(),
        isStuff: z.literal(true).optional(),
        overlaps: z.literal(true).optional(),
      }),
    )
    .readonly(),
  maxDetections: z.int().min(0),
  /** What was answered, and by what: equal in all shards of an evaluation. */
  about: z.strictObject({ split: z.string(), source: z.string(), images: z.int().min(0) }),
  shard: z.strictObject({ index: z.int().min(1), count: z.int().min(1) }),
  /** First image, and the one after the last. */
  range: z.tuple([z.int().min(0), z.int().min(0)]),
});
export type AnswersHeader = z.output<typeof headerSchema>;

/** Typed arrays of truths and answers, by the names that they have in a file: their bytes as base64. */
const ARRAYS = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;

function encoded(_key: string, value: unknown): unknown {
  if (!ArrayBuffer.isView(value)) return value;
  const name = Object.entries(ARRAYS).find(([, type]) => value instanceof type)?.[0];
  if (name === undefined) throw new Error('an array of a type that answers do not have');
  return { [name]: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
}

function decoded(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const [entry, ...others] = Object.entries(value);
  if (!entry || others.length > 0) return value;
  const [name, text] = entry;
  if (!Object.hasOwn(ARRAYS, name) || typeof text !== 'string') return value;
  return new ARRAYS[name as keyof typeof ARRAYS](Uint8Array.from(Buffer.from(text, 'base64')).buffer);
}

/** Lines that are compressed together. */
const BLOCK = 64;

/** Takes truths and answers as an evaluator does, and writes them into a file in place of measuring them. */
export function createAnswersWriter(header: AnswersHeader): Evaluator<Truth, unknown, Report> & {
  readonly write: (file: string) => void;
} {
  const parts: Uint8Array[] = [];
  let lines: string[] = [JSON.stringify(header)];
  const flush = (): void => {
    if (lines.length > 0) parts.push(gzipSync(`${lines.join('\n')}\n`));
    lines = [];
  };
  return {
    add: (id, truth, answer) => {
      lines.push(JSON.stringify({ id, truth, answer }, encoded));
      if (lines.length >= BLOCK) flush();
    },
    report: () => ({}),
    write: (file) => {
      flush();
      writeWhole(file, parts, 'choose another place with --out');
    },
  };
}

/** Largest compressed file. */
const MAX_BYTES = 2 ** 34;
/** Longest line: one image's truth and prediction, bytes. */
const MAX_LINE = 2 ** 28;

const NEWLINE = 0x0a;

/** The lines of a file, the first being its header. */
async function* linesOf(file: string): AsyncGenerator<string, void> {
  const refuse = (problem: string): Error => new DataError(file, problem);
  const stream = streamRegular(file, { maxBytes: MAX_BYTES, refuse });
  const unpacked = stream.pipe(createGunzip());
  stream.on('error', (error) => unpacked.destroy(error));
  try {
    let parts: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      let from = 0;
      // Not node:readline, which holds a line of any length.
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
        yield Buffer.concat([...parts, chunk.subarray(from, end)]).toString();
        [parts, bytes, from] = [[], 0, end + 1];
      }
      parts.push(chunk.subarray(from));
      bytes += chunk.length - from;
      if (bytes > MAX_LINE) throw refuse(`has a line of more than ${MAX_LINE} bytes`);
    }
    if (bytes > 0) throw refuse('is cut off');
  } catch (error) {
    throw error instanceof DataError ? error : refuse('is damaged, or no file of evaluate --shard');
  } finally {
    stream.destroy();
  }
}

function parsed(file: string, text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '', decoded);
  } catch {
    throw new DataError(file, 'is damaged, or no file of evaluate --shard');
  }
}

async function headerOf(file: string): Promise<AnswersHeader> {
  for await (const line of linesOf(file)) {
    const result = headerSchema.safeParse(parsed(file, line));
    if (result.success) return result.data;
    break;
  }
  throw new DataError(file, 'is no file of evaluate --shard');
}

const lineSchema = z.looseObject({ id: z.string(), truth: z.unknown(), answer: z.unknown() });

/**
 * Measures what the shards of an evaluation answered, in the order of its images: the same bits as in one process.
 *
 * @throws ConfigError where files are of different evaluations, or one is missing
 * @throws DataError for a file that is damaged
 */
export async function mergeAnswers(
  files: readonly string[],
): Promise<{ readonly header: AnswersHeader; readonly task: Task; readonly report: Report }> {
  const found = await Promise.all(files.map(async (file) => ({ file, header: await headerOf(file) })));
  const ordered = found.toSorted(
    (a, b) => a.header.range[0] - b.header.range[0] || a.header.shard.index - b.header.shard.index,
  );
  const [first] = ordered;
  if (!first) throw new ConfigError('there is nothing to merge: name the files of evaluate --shard');
  const { header } = first;
  const task = taskNamed(header.task);
  const evaluator = task.createEvaluator({ classes: header.classes }, { maxDetections: header.maxDetections });
  let next = 0;
  for (const { file, header: own } of ordered) {
    const { shard, range, ...about } = own;
    const { shard: firstShard, range: _, ...wanted } = header;
    if (JSON.stringify([about, shard.count]) !== JSON.stringify([wanted, firstShard.count]))
      throw new ConfigError(`${file} is of another evaluation than ${first.file}: merge the files of one`);
    if (range[0] < next)
      throw new ConfigError(
        `${file} holds images from ${range[0]} on, which another file holds too: name all ${shard.count}, once each`,
      );
    if (range[0] > next)
      throw new ConfigError(
        `images ${next} to ${range[0]} are in none of the files: name all ${shard.count}, once each`,
      );
    let images = 0;
    let isHeader = true;
    for await (const line of linesOf(file)) {
      if (isHeader) {
        isHeader = false;
        continue;
      }
      const result = lineSchema.safeParse(parsed(file, line));
      if (!result.success) throw new DataError(file, `line ${images + 2} is no answer`);
      const { id, truth, answer } = result.data;
      try {
        evaluator.add(id, truth as Truth, answer);
      } catch (error) {
        if (error instanceof EspalierError) throw error;
        throw new DataError(file, `line ${images + 2} is no truth and answer of ${header.task}`);
      }
      images++;
    }
    if (images !== range[1] - range[0])
      throw new DataError(file, `holds ${images} answers of ${range[1] - range[0]}: evaluate that shard again`);
    next = range[1];
  }
  if (next !== header.about.images)
    throw new ConfigError(`images from ${next} on are in none of the files: name all ${header.shard.count}, once each`);
  return { header, task, report: evaluator.report() };
}
