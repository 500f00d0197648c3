import { stringify } from 'yaml';
import * as z from 'zod';
import { experimentSchema } from './schema.js';

const HEAD = `# yaml-language-server: $schema=./experiment.schema.json
# Every key an experiment may have, with its default. A config names only what differs.
`;

/** `configs/reference.yaml`: every key with its default, headed by its description. */
export function renderReference(): string {
  const defaults = experimentSchema.parse({});
  const sections = Object.entries(properties(experimentJsonSchema())).map(([section, schema]) => {
    const value = defaults[section as keyof typeof defaults];
    const inner = properties(schema);
    if (Object.keys(inner).length === 0) return `${entry(section, schema, value)}`;
    const lines = Object.entries(inner).map(([key, child]) =>
      indent(entry(key, child, (value as { readonly [key: string]: unknown })[key])),
    );
    return `${comment(schema)}${section}:\n${lines.join('\n')}`;
  });
  return `${HEAD}\n${sections.join('\n\n')}\n`;
}

/** JSON Schema of a config file, for completion in editors. */
export function experimentJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(experimentSchema, { io: 'input' }) as JsonSchema;
  return { ...schema, title: 'Espalier experiment' };
}

interface JsonSchema {
  readonly [key: string]: unknown;
}

function properties(schema: JsonSchema): { readonly [key: string]: JsonSchema } {
  return (schema.properties ?? {}) as { readonly [key: string]: JsonSchema };
}

function entry(key: string, schema: JsonSchema, value: unknown): string {
  const text = stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
  return `${comment(schema)}${key}: ${text}`;
}

const comment = (schema: JsonSchema): string => `# ${String(schema.description ?? '')}\n`;
const indent = (text: string): string => text.replace(/^/gm, '  ');
