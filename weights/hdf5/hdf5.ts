import { WeightsError } from '../../engine/errors.js';
import { createByteReader } from '../bytes/byteReader.js';
import type { ByteSource } from '../bytes/byteSource.js';
import type { LazyTensor } from '../weightsFile.js';
import { lazyDataset } from './dataset.js';
import { readDataspace, readDatatype } from './datatype.js';
import { readMembers } from './group.js';
import { type Budget, createBudget, MESSAGE, readAddress, readMessages, rootAddress } from './header.js';
import { readTexts } from './values.js';

/** A group with everything below it. */
export interface Hdf5Group {
  readonly groups: ReadonlyMap<string, Hdf5Group>;
  readonly datasets: ReadonlyMap<string, LazyTensor>;
  /** Texts of the attributes; numbers are written out. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
}

const MAX_DEPTH = 64;

/**
 * Reads the tree of an HDF5 file as h5py writes it by default (and the newer headers where groups are small): names,
 * attributes, and datasets of numbers, whose values are read when asked for. Gzip, shuffle and fletcher32 are undone.
 *
 * Its own reader rather than the C library in WebAssembly: every size is checked before it is believed, so that a
 * hostile file ends in an error and never in a hang or a large allocation, and nothing has to be loaded for it.
 *
 * @throws WeightsError when the file is damaged or uses a part of the format that weights do not need
 * @source HDF5 File Format Specification 3.0
 */
export function readHdf5(source: ByteSource): Hdf5Group {
  const walk: Walk = { budget: createBudget(source), met: new Set(), depth: 0 };
  const root = readObject(source, rootAddress(source), '', walk);
  if ('read' in root) throw new WeightsError(`${source.name} is damaged: its root is no group`);
  return root;
}

interface Walk {
  readonly budget: Budget;
  /** Addresses of the objects met. */
  readonly met: Set<number>;
  readonly depth: number;
}

const EMPTY: Hdf5Group = { groups: new Map(), datasets: new Map(), attributes: new Map() };

function readObject(source: ByteSource, address: number, path: string, walk: Walk): Hdf5Group | LazyTensor {
  const { budget, met, depth } = walk;
  if (met.has(address) || depth > MAX_DEPTH)
    throw new WeightsError(`${source.name}: '${path}' is met twice or too deep: refused`);
  met.add(address);
  const messages = readMessages(source, address, budget);
  if (messages.some(({ type }) => type === MESSAGE.layout)) return lazyDataset(source, messages, path, budget) ?? EMPTY;
  const groups = new Map<string, Hdf5Group>();
  const datasets = new Map<string, LazyTensor>();
  for (const [name, child] of readMembers(source, messages, budget)) {
    const object = readObject(source, child, path === '' ? name : `${path}/${name}`, { ...walk, depth: depth + 1 });
    if ('read' in object) datasets.set(name, object);
    else groups.set(name, object);
  }
  const attributes = new Map<string, readonly string[]>();
  for (const { type, body } of messages) {
    if (type === MESSAGE.attributeInfo) checkCompact(body);
    if (type === MESSAGE.attribute) readAttribute(source, body, attributes, budget);
  }
  return { groups, datasets, attributes };
}

/** @source section IV.A.2.m */
function readAttribute(
  source: ByteSource,
  body: Uint8Array,
  attributes: Map<string, readonly string[]>,
  budget: Budget,
): void {
  const reader = createByteReader(body);
  const version = reader.u8();
  reader.skip(1);
  const [nameBytes, typeBytes, spaceBytes] = [reader.u16(), reader.u16(), reader.u16()];
  if (version < 1 || version > 3)
    throw new WeightsError(`the HDF5 file is damaged: an attribute of version ${version}`);
  if (version === 3) reader.skip(1);
  const padded = (count: number): number => (version === 1 ? Math.ceil(count / 8) * 8 : count);
  const name = reader.text(nameBytes).replace(/\0.*$/s, '');
  reader.skip(padded(nameBytes) - nameBytes);
  const datatype = readDatatype(reader.bytes(padded(typeBytes)));
  const shape = readDataspace(reader.bytes(padded(spaceBytes)));
  if (shape === null) return;
  const texts = readTexts({ file: source, budget }, reader.bytes(body.length - reader.position), datatype, shape);
  if (texts) attributes.set(name, texts);
}

/** @source section IV.A.2.v */
function checkCompact(body: Uint8Array): void {
  const reader = createByteReader(body, 1);
  reader.skip(reader.u8() & 1 ? 2 : 0);
  if (readAddress(reader) !== null)
    throw new WeightsError(
      "the HDF5 file keeps its attributes in the newest way: save it again without libver='latest'",
    );
}
