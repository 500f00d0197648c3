import * as z from 'zod';
import { backboneConfig } from '../backbones/config.js';
import type { OwnArchitecture } from '../backbones/family.js';
import type { FeatureSpec, Level } from '../backbones/features.js';
import {
  architectureOf,
  type BackboneArch,
  featuresOf,
  firstArchitecture,
  isBackboneArch,
  namedArchitecture,
} from '../backbones/index.js';
import { readSettings } from '../backbones/settings.js';
import { ShapeError } from '../engine/errors.js';
import { anyNeckConfig, type NeckInput, type NeckKind } from '../necks/index.js';
import type { HeadDefinition } from './definition.js';
import { anyHeadConfig, HEADS, type HeadInput, type HeadKind, headOf, isHeadKind } from './heads.js';
import { isPresetName, PRESETS, type PresetName } from './presets.js';
import type { DecoderKind } from './semantic/decoders/index.js';
import { TASKS, type TaskName } from './tasks/index.js';

const side = z.int().min(1).max(8192);

/** A network as plain data: what its parts are, and the size of its input. */
export const modelConfig = z.strictObject({
  inputSize: z.tuple([side, side]).readonly().describe("Height and width of the network's input, pixels"),
  backbone: backboneConfig.describe('What images go through first'),
  neck: anyNeckConfig.describe('Feature pyramid between backbone and head'),
  head: anyHeadConfig.describe('What the network predicts'),
});
export type ModelConfig = z.output<typeof modelConfig>;

type BackboneInput = Partial<Omit<z.input<typeof backboneConfig>, 'arch'>> & { readonly arch?: BackboneArch };

/**
 * A network as people write it: a preset, parts that replace its parts, or keys of them. A string is short for the kind of a
 * neck or head, for the architecture of a backbone, and the name of a task for its head.
 */
export interface ModelInput {
  readonly preset?: PresetName | null | undefined;
  readonly inputSize?: readonly [height: number, width: number] | null | undefined;
  readonly backbone?: BackboneArch | BackboneInput | null | undefined;
  readonly neck?: NeckKind | NeckInput | null | undefined;
  readonly head?: HeadKind | DecoderKind | TaskName | HeadInput | null | undefined;
}

/** Backbone where neither preset nor backbone is named: small, and trained in minutes on a CPU. */
const DEFAULT_ARCH = 'tf_efficientnet_lite0' satisfies BackboneArch;

export type Plain = { readonly [key: string]: unknown };
export const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Fills in what a network's config leaves open: from its preset, or from the defaults of its head on its backbone. What is not
 * right is left as it is, for the schema to refuse.
 *
 * @param given as a file holds it, unchecked
 * @param head  kind of the head of a config that names none
 */
export function completeModel(given: Plain, head: HeadKind): Plain {
  const parts = {
    backbone: short(given.backbone, 'arch'),
    neck: short(given.neck, 'kind'),
    head: writtenHead(given.head),
  };
  const preset = isPresetName(given.preset) ? PRESETS[given.preset] : undefined;
  const kind = kindIn(parts.head) ?? preset?.head.kind ?? head;
  const module = kindIn(parts.backbone, 'module');
  const ownArch = typeof module === 'string' ? firstArchitecture(module) : preset?.backbone.arch;
  const arch = kindIn(parts.backbone, 'arch') ?? ownArch ?? DEFAULT_ARCH;
  const own = isPlain(parts.head) && typeof parts.head.module === 'string' ? parts.head : null;
  const definition = headOf(own ?? { kind: isHeadKind(kind) ? kind : head });
  const known = knownArchitecture(arch, module);
  const defaults = preset?.head.kind === kind ? preset : definition.defaults(architectureOf(known));
  const complete = {
    ...given,
    inputSize: given.inputSize ?? defaults.inputSize,
    backbone: merge({ arch }, parts.backbone),
    neck: mergePart(defaults.neck, parts.neck),
    head: own ? merge(without(defaults.head, 'kind'), own) : mergePart(defaults.head, parts.head),
  };
  const { neck } = complete;
  if (!isPlain(neck) || neck.levels !== undefined) return complete;
  const offered = featuresOf(architectureOf(known).stages);
  const levels = levelsFor(definition, complete.head, offered);
  return levels === null ? complete : { ...complete, neck: { ...neck, levels } };
}

/**
 * The whole config of a network.
 *
 * @throws ConfigError naming every setting that is unknown or out of range
 */
export function readModel<Kind extends HeadKind>(
  { preset, ...given }: ModelInput,
  head: Kind,
): ModelConfig & { readonly head: { readonly kind: Kind } } {
  if (preset != null && !isPresetName(preset)) {
    // The same sentence as for any other setting.
    readSettings(z.strictObject({ preset: z.enum(Object.keys(PRESETS)) }), { preset }, 'model');
  }
  const { preset: _preset, ...complete } = completeModel({ ...given, preset }, head);
  const config = readSettings(modelConfig, complete as z.input<typeof modelConfig>, 'model');
  return config as ModelConfig & { readonly head: { readonly kind: Kind } };
}

function without(part: Plain, key: string): Plain {
  const { [key]: _, ...rest } = part;
  return rest;
}

/** The architecture that is named, or the default one where it is not to be had, which the schema says. */
function knownArchitecture(arch: unknown, module: unknown): OwnArchitecture {
  const name = String(arch);
  if (typeof module !== 'string') return namedArchitecture(isBackboneArch(name) ? name : DEFAULT_ARCH);
  try {
    return namedArchitecture(name, module);
  } catch {
    return namedArchitecture(DEFAULT_ARCH);
  }
}

/** The levels that a head reads; null where the backbone lacks one, which is said where the network is built. */
function levelsFor({ levels }: HeadDefinition, head: unknown, offered: Partial<FeatureSpec>): readonly Level[] | null {
  try {
    return levels(isPlain(head) ? head : {}, offered);
  } catch (error) {
    if (error instanceof ShapeError) return null;
    throw error;
  }
}

const short = (part: unknown, key: string): unknown => (typeof part === 'string' ? { [key]: part } : part);

/** A head that a text names, by its kind, its task or one of its names, as the map it is short for; maps as they are. */
export function writtenHead(part: unknown): unknown {
  const name = typeof part === 'string' ? part : undefined;
  const task = Object.values(TASKS).find((each) => each.name === name);
  const named = Object.entries(HEADS).flatMap(([kind, { names }]: readonly [string, { readonly names?: object }]) => {
    const settings = names && name !== undefined && Object.entries(names).find(([each]) => each === name)?.[1];
    return settings ? [{ kind, ...settings }] : [];
  });
  return named[0] ?? short(task?.head ?? part, 'kind');
}

const kindIn = (part: unknown, key = 'kind'): unknown => (isPlain(part) ? part[key] : undefined);

/** A part of another kind replaces the default whole. */
function mergePart(defaults: Plain, given: unknown): unknown {
  const kind = kindIn(given);
  return kind === undefined || kind === defaults.kind ? merge(defaults, given) : given;
}

/** The given keys over the defaults, map by map. */
function merge(defaults: unknown, given: unknown): unknown {
  if (given === undefined || given === null) return defaults;
  if (!isPlain(defaults) || !isPlain(given)) return given;
  const keys = new Set([...Object.keys(defaults), ...Object.keys(given)]);
  return Object.fromEntries([...keys].map((key) => [key, merge(defaults[key], given[key])]));
}
