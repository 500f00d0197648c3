import { WeightsError } from '../../engine/errors.js';
import type { ByteSource } from './byteSource.js';

/** A table of a flatbuffer; fields are numbered as in its schema. */
export interface Table {
  i8(field: number): number;
  i32(field: number): number;
  u32(field: number): number;
  /** An unsigned 64-bit number; 0 when it is absent. */
  size64(field: number): number;
  table(field: number): Table | null;
  tables(field: number): readonly Table[];
  text(field: number): string;
  /** Where a vector's elements lie, or null. */
  vector(field: number, width: number): Vector | null;
}

export interface Vector {
  /** Byte offset of the first element. */
  readonly start: number;
  /** Number of elements. */
  readonly count: number;
}

const MAX_TEXT_BYTES = 64 * 1024;
/** Tables met while reading one file: a file whose vectors share tables ends here. */
const MAX_TABLES = 200_000;
/** Bytes of text that may be read for each byte of the file. */
const MAX_TEXT_FACTOR = 4;

/**
 * The root table of a flatbuffer. Every offset is checked when it is followed.
 *
 * @throws WeightsError when an offset leaves the file
 * @source FlatBuffers documentation, Internals
 */
export function rootTable(source: ByteSource): Table {
  const number = (offset: number, count: number): DataView => {
    const bytes = source.view(offset, count);
    return new DataView(bytes.buffer, bytes.byteOffset, count);
  };
  const u32 = (offset: number): number => number(offset, 4).getUint32(0, true);
  let met = 0;
  let textLeft = MAX_TEXT_FACTOR * source.size;

  function tableAt(position: number): Table {
    if (++met > MAX_TABLES) throw new WeightsError(`${source.name} has more than ${MAX_TABLES} tables: refused`);
    const fields = position - number(position, 4).getInt32(0, true);
    const fieldBytes = number(fields, 2).getUint16(0, true);
    /** Position of a field, or null when it has its default. */
    const at = (field: number): number | null => {
      if (4 + 2 * field + 2 > fieldBytes) return null;
      const offset = number(fields + 4 + 2 * field, 2).getUint16(0, true);
      return offset === 0 ? null : position + offset;
    };
    const follow = (field: number): number | null => {
      const place = at(field);
      return place === null ? null : place + u32(place);
    };
    const vector = (field: number, width: number): Vector | null => {
      const place = follow(field);
      if (place === null) return null;
      const count = u32(place);
      source.view(place + 4 + count * width, 0);
      return { start: place + 4, count };
    };
    const scalar = <T>(field: number, absent: T, read: (place: number) => T): T => {
      const place = at(field);
      return place === null ? absent : read(place);
    };
    return {
      i8: (field) => scalar(field, 0, (place) => number(place, 1).getInt8(0)),
      i32: (field) => scalar(field, 0, (place) => number(place, 4).getInt32(0, true)),
      u32: (field) => scalar(field, 0, u32),
      size64: (field) => scalar(field, 0, (place) => Number(number(place, 8).getBigUint64(0, true))),
      table: (field) => {
        const place = follow(field);
        return place === null ? null : tableAt(place);
      },
      tables: (field) => {
        const list = vector(field, 4);
        if (list === null) return [];
        return Array.from({ length: list.count }, (_, i) => {
          const place = list.start + 4 * i;
          return tableAt(place + u32(place));
        });
      },
      text: (field) => {
        const place = vector(field, 1);
        if (place === null) return '';
        textLeft -= place.count;
        if (place.count > MAX_TEXT_BYTES || textLeft < 0)
          throw new WeightsError(`a text of ${place.count} bytes: refused`);
        return new TextDecoder().decode(source.view(place.start, place.count));
      },
      vector,
    };
  }
  return tableAt(u32(0));
}
