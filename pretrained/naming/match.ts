import { WeightsError } from '../../engine/errors.js';
import type { LazyTensor, WeightsFile } from '../../weights/weightsFile.js';
import { fitsParameter } from '../placement.js';
import type { Slots } from '../slot.js';
import { DERIVED } from '../stateDict.js';
import { commonPrefixes, givenPrefix, unwrapped } from './prefixes.js';
import type { NamingScheme } from './scheme.js';
import { NAMING_SCHEMES, TIMM } from './schemes.js';

/** Which tensor of a file is which parameter of a network. */
export interface Match {
  readonly scheme: NamingScheme;
  /** What stands before the network's own names in the file, e.g. 'model.'; '': nothing. */
  readonly prefix: string;
  /** By parameter name; names that the network does not have are the file's, as they are there without the prefix. */
  readonly found: ReadonlyMap<string, LazyTensor>;
  /** Number of the network's parameters among them. */
  readonly filled: number;
}

/** Keras's counter of random numbers. */
const SEED = /(^|\/)seed_generator/;

/**
 * Finds a network in a file by its names: of all naming schemes and of all beginnings that enough names share, those that
 * fill most of it. Only names and shapes are looked at.
 *
 * @param prefix what stands before the network's names; found by itself when not given
 * @throws WeightsError when two networks of the file fit equally well, or two tensors are meant for one parameter
 */
export function matchNames(file: WeightsFile, target: Slots, prefix?: string): Match {
  const tensors = ownTensors(file, target);
  const prefixes =
    prefix === undefined
      ? commonPrefixes(tensors.keys(), target.parameters.size)
      : [givenPrefix(prefix, tensors.keys())];
  const names = new Set(target.parameters.keys());
  const candidates = prefixes
    .flatMap((start) => bestScheme(start, below(tensors, start), names))
    .sort((a, b) => b.filled - a.filled);
  const [best] = candidates;
  if (!best || best.filled === 0) return matched(TIMM, prefixes[0] ?? '', tensors, target);
  const equals = candidates
    .filter(({ filled }) => filled === best.filled)
    .map(({ scheme, start }) => matched(scheme, start, tensors, target));
  const fitting = equals.map((match) => ({ match, fits: countFits(match, target) })).sort((a, b) => b.fits - a.fits);
  const [first, second] = fitting;
  if (first && second?.fits === first.fits && first.match.prefix !== '' && second.match.prefix !== '') {
    throw new WeightsError(
      `the file holds this network below '${first.match.prefix}' and below '${second.match.prefix}': say which, --prefix ${first.match.prefix} (\`prefix: '${first.match.prefix}'\`)`,
    );
  }
  return (first as { readonly match: Match }).match;
}

type Tensors = ReadonlyMap<string, LazyTensor>;

/** Without what counts, and by names without the wrappers of training. */
function ownTensors({ tensors }: WeightsFile, { parameters }: Slots): Tensors {
  const parts = new Set([...parameters.keys()].flatMap((name) => name.split('.')));
  const own = new Map<string, LazyTensor>();
  for (const [name, tensor] of tensors) {
    if (DERIVED.test(name) || SEED.test(name)) continue;
    const plain = unwrapped(name, (part) => parts.has(part));
    own.set(own.has(plain) ? name : plain, tensor);
  }
  return own;
}

function below(tensors: Tensors, prefix: string): readonly string[] {
  return [...tensors.keys()].flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
}

/** The scheme by which most names are the network's; of equal ones the first. */
function bestScheme(start: string, names: readonly string[], target: ReadonlySet<string>) {
  return NAMING_SCHEMES.flatMap((scheme) => {
    const { mark } = scheme;
    if (mark !== null && !names.some((name) => mark.test(name))) return [];
    const rename = scheme.rename(target);
    return [{ scheme, start, filled: names.filter((name) => target.has(rename(name) ?? '')).length }];
  })
    .sort((a, b) => b.filled - a.filled)
    .slice(0, 1);
}

function matched(scheme: NamingScheme, prefix: string, tensors: Tensors, { parameters }: Slots): Match {
  const rename = scheme.rename(parameters.keys());
  const found = new Map<string, LazyTensor>();
  const beside = new Map<string, LazyTensor>();
  for (const [name, tensor] of tensors) {
    if (!name.startsWith(prefix)) {
      beside.set(name, tensor);
      continue;
    }
    const target = rename(name.slice(prefix.length));
    if (target === null) continue;
    if (found.has(target)) throw new WeightsError(`two tensors of the file are both meant for '${target}'`);
    found.set(target, tensor);
  }
  const filled = [...found.keys()].filter((name) => parameters.has(name)).length;
  for (const [name, tensor] of beside) if (!found.has(name) && !parameters.has(name)) found.set(name, tensor);
  return { scheme, prefix, found, filled };
}

function countFits({ found, scheme }: Match, { parameters }: Slots): number {
  let count = 0;
  for (const [name, parameter] of parameters) {
    const tensor = found.get(name);
    if (tensor && fitsParameter(tensor.shape, parameter, scheme.order)) count++;
  }
  return count;
}
