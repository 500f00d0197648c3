import * as z from 'zod';
import { ConfigError } from '../engine/errors.js';

/** Keys of a part that a module of the user's gives. */
export const moduleKeys = {
  kind: z
    .literal('module')
    .describe("A part of one's own: the default export of `module`; its settings are further keys"),
  module: z.string().min(1).describe('Path of an ES module, relative to this file'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .describe('SHA-256 of the module and of what it imports by relative paths; runs record it'),
} as const;

/** A part that a module of the user's gives, with the settings that the part itself knows. */
export const modulePart = z.looseObject(moduleKeys);
export type ModulePart = z.infer<typeof modulePart>;

/** Parts of one sort that were loaded, by the path of their module. */
export interface ModuleTable<Definition> {
  add(module: string, definition: Definition): void;
  /** Keeps why a module was not loaded, for whoever asks for its part. */
  refuse(module: string, reason: ConfigError): void;
  /** @throws ConfigError when no module of this path was loaded, with the reason where it was refused */
  of(part: { readonly [key: string]: unknown }): Definition;
}

/** @param noun what the parts are, e.g. 'head' */
export function createModuleTable<Definition>(noun: string): ModuleTable<Definition> {
  const loaded = new Map<string, Definition>();
  const refused = new Map<string, ConfigError>();
  return {
    add: (module, definition) => {
      loaded.set(module, definition);
    },
    refuse: (module, reason) => {
      refused.set(module, reason);
    },
    of: ({ module }) => {
      const found = loaded.get(String(module));
      if (found) return found;
      const reason = refused.get(String(module));
      if (reason) throw reason;
      throw new ConfigError(
        `the ${noun} of ${module} was not loaded: modules are read with the config that names them, by readExperiment or openRun`,
      );
    },
  };
}

/** The settings of a part as its own schema names them: without the keys of its module, and of the schema's kind if it has one. */
export function ownSettings(
  { kind: _kind, module: _module, sha256: _sha256, ...settings }: { readonly [key: string]: unknown },
  config: z.ZodType,
): { readonly [key: string]: unknown } {
  const shape: unknown = Reflect.get(config, 'shape');
  const literal: unknown = typeof shape === 'object' && shape !== null ? Reflect.get(shape, 'kind') : undefined;
  if (typeof literal !== 'object' || literal === null) return settings;
  return { kind: Reflect.get(literal, 'value'), ...settings };
}
