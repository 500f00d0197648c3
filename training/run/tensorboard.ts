import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { makeFolder, writeError } from '../../engine/files/write.js';
import {
  bytesField,
  doubleField,
  floatField,
  int64Field,
  message,
  textField,
} from '../../weights/bytes/protobufWriter.js';
import { crc32c } from './crc32c.js';
import type { EventLog, RunEvent } from './events.js';

/** A log that TensorBoard and a spreadsheet read, beside the run's own. */
export interface ScalarLog extends EventLog {
  /** @param image the bytes of a JPEG file, and its size in pixels */
  image(
    tag: string,
    step: number,
    image: { readonly jpeg: Uint8Array; readonly width: number; readonly height: number },
  ): void;
}

/**
 * Writes events into a folder as TensorBoard has them, `events.out.tfevents.*`, and as `scalars.csv`: losses, rate, gradient norm and times
 * of every step, figures of evaluations, memory and energy; warnings and the config as text.
 *
 * @source tensorboard/compat/proto/{event,summary}.proto; tensorflow/core/lib/io/record_writer.h for the framing
 * @throws WriteError when the disk is full
 */
export function openScalarLog(folder: string, config: unknown): ScalarLog {
  let files: ReturnType<typeof openFiles> | null = null; // opened when there is something to write
  const open = () => {
    files ??= openFiles(folder, config);
    return files;
  };
  return {
    write: (event) => {
      const { put, table } = open();
      const scalars = scalarsOf(event);
      const values = scalars.map(([tag, value]) => bytesField(1, message([textField(1, tag), floatField(2, value)])));
      if (values.length > 0) put(event.step, message(values));
      const time = new Date().toISOString();
      table.append(
        Buffer.from(scalars.map(([tag, value]) => `${time},${event.step},${cell(tag)},${value}\n`).join('')),
      );
      if (event.event === 'warning') put(event.step, textValue('warnings', event.message));
    },
    image: (tag, step, { jpeg, width, height }) => {
      const image = message([int64Field(1, height), int64Field(2, width), int64Field(3, 3), bytesField(4, jpeg)]);
      open().put(step, message([bytesField(1, message([textField(1, tag), bytesField(4, image)]))]));
    },
    close: () => {
      files?.records.close();
      files?.table.close();
    },
  };
}

function openFiles(folder: string, config: unknown) {
  makeFolder(folder);
  const seconds = Math.floor(Date.now() / 1000);
  const records = openAppending(join(folder, `events.out.tfevents.${seconds}.${hostname()}.${process.pid}`));
  const table = openAppending(join(folder, 'scalars.csv'));
  const put = (step: number, summary: Uint8Array): void =>
    records.append(record(message([doubleField(1, Date.now() / 1000), int64Field(2, step), bytesField(5, summary)])));
  records.append(record(message([doubleField(1, seconds), textField(3, 'brain.Event:2')])));
  if (table.isNew) table.append(Buffer.from('time,step,tag,value\n'));
  put(0, textValue('config', `\`\`\`json\n${JSON.stringify(config, null, 2)}\n\`\`\``));
  return { records, table, put };
}

type Scalar = readonly [tag: string, value: number];

function scalarsOf(event: RunEvent): readonly Scalar[] {
  switch (event.event) {
    case 'step': {
      const { losses, gradientNorm, learningRate, ms } = event;
      return [
        ...under('loss', losses),
        ['train/gradient norm', gradientNorm],
        ['train/learning rate', learningRate],
        ...under('milliseconds', { ...ms }),
      ];
    }
    case 'evaluation':
      return under('evaluation', { ...Object(event.report) });
    case 'memory':
      return event.kind === 'measured' ? [['memory/peak GiB', event.peakBytes / 2 ** 30]] : [];
    case 'energy':
      return [[`energy/kWh (${event.source})`, event.kilowattHours]];
    default:
      return [];
  }
}

const under = (group: string, values: { readonly [name: string]: unknown }): readonly Scalar[] =>
  Object.entries(values).flatMap(([name, value]): Scalar[] =>
    typeof value === 'number' ? [[`${group}/${name}`, value]] : [],
  );

/** A cell that a spreadsheet takes for text, never for a formula. */
const cell = (text: string): string => `"${text.replaceAll('"', '""').replace(/^[=+@-]/, "'$&")}"`;

/** A string tensor of one element with the mark of TensorBoard's text plugin. */
function textValue(tag: string, text: string): Uint8Array {
  const STRING = 7;
  const shape = message([bytesField(2, message([int64Field(1, 1)]))]);
  const tensor = message([int64Field(1, STRING), bytesField(2, shape), textField(8, text)]);
  const metadata = message([bytesField(1, message([textField(1, 'text')]))]);
  return message([bytesField(1, message([textField(1, tag), bytesField(8, tensor), bytesField(9, metadata)]))]);
}

/** Length, its checksum, the bytes, their checksum: a record of a TFRecord file. */
function record(bytes: Uint8Array): Uint8Array {
  const framed = Buffer.alloc(bytes.length + 16);
  framed.writeBigUInt64LE(BigInt(bytes.length), 0);
  framed.writeUInt32LE(masked(crc32c(framed.subarray(0, 8))), 8);
  framed.set(bytes, 12);
  framed.writeUInt32LE(masked(crc32c(bytes)), 12 + bytes.length);
  return framed;
}

/** A checksum of data that holds checksums is weak: it is turned and shifted. */
const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;

function openAppending(file: string) {
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw writeError(file, error);
    }
  };
  const descriptor = guarded(() => openSync(file, 'a'));
  const isNew = guarded(() => fstatSync(descriptor)).size === 0;
  return {
    isNew,
    append: (bytes: Uint8Array): void => void guarded(() => writeSync(descriptor, bytes)),
    close: () => closeSync(descriptor),
  };
}
