import * as z from 'zod';
import { aligned } from './aligned/index.js';
import { classification } from './classification/index.js';
import { fcos } from './fcos/index.js';
import { instance } from './instance/index.js';
import { retina } from './retina/index.js';
import { semantic, semanticDecoder } from './semantic/index.js';

/** Every head there is, by the `kind` of its config. */
export const HEADS = {
  retina,
  fcos,
  aligned,
  instance,
  semantic,
  'semantic-decoder': semanticDecoder,
  classification,
} as const;
export type HeadKind = keyof typeof HEADS;
export const HEAD_KINDS = Object.keys(HEADS) as readonly HeadKind[];

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
