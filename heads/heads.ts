import * as z from 'zod';
import { readSettings } from '../backbones/settings.js';
import { createModuleTable, modulePart, ownSettings } from '../datasets/outside.js';
import { keysOf } from '../engine/checked.js';
import { aligned } from './aligned/index.js';
import { classification } from './classification/index.js';
import type { HeadDefinition } from './definition.js';
import { fcos } from './fcos/index.js';
import { instance } from './instance/index.js';
import { panoptic } from './panoptic/index.js';
import { retina } from './retina/index.js';
import { semantic, semanticDecoder } from './semantic/index.js';

/** Every head there is, by the `kind` of its config. */
export const HEADS = {
  retina,
  fcos,
  aligned,
  instance,
  panoptic,
  semantic,
  'semantic-decoder': semanticDecoder,
  classification,
} as const;
export type HeadKind = keyof typeof HEADS;
export const HEAD_KINDS = keysOf(HEADS);

/** Whether there is a head of this kind. */
export const isHeadKind = (kind: unknown): kind is HeadKind => HEAD_KINDS.some((each) => each === kind);

type AnyHeadConfig = (typeof HEADS)[HeadKind]['config'];
/** Every head as a config file writes it. */
export const headConfig = z.discriminatedUnion(
  'kind',
  Object.values(HEADS).map(({ config }) => config) as unknown as readonly [AnyHeadConfig, ...AnyHeadConfig[]],
);
export type HeadConfig = z.output<typeof headConfig>;

type PartialOf<Schema> = Schema extends z.ZodType ? Partial<z.input<Schema>> : never;
/** Settings of a head, those of its defaults left out. */
export type HeadInput = PartialOf<AnyHeadConfig>;

/** Every name that stands for a head with some settings. */
export const HEAD_NAMES: readonly string[] = Object.values(HEADS).flatMap((head) =>
  'names' in head && head.names ? Object.keys(head.names) : [],
);

/** Heads of modules. */
const OWN = createModuleTable<HeadDefinition>('head');
export const addHead = OWN.add;

/** Every head as a config file writes it, those of modules included. */
export const anyHeadConfig = z.discriminatedUnion('kind', [...headConfig.options, modulePart]);
export type AnyHeadInput = { readonly kind: string; readonly [key: string]: unknown };

/** What a head is; whose it is, is known at run time. */
export function headOf(config: { readonly kind?: unknown; readonly [key: string]: unknown }): HeadDefinition {
  return isHeadKind(config.kind) ? (HEADS[config.kind] as unknown as HeadDefinition) : OWN.of(config);
}

/**
 * The settings of a head as its own schema reads them.
 *
 * @throws ConfigError for settings that a head of a module does not have
 */
export function headSettings(config: AnyHeadInput): { readonly [key: string]: unknown } {
  if (isHeadKind(config.kind)) return config;
  const { config: schema } = OWN.of(config);
  return readSettings(schema, ownSettings(config, schema), 'model.head');
}
