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
    const inner = properties(firstOf(schema));
    if (Object.keys(inner).length === 0) return `${entry(section, schema, value)}`;
    const lines = Object.entries(inner).map(([key, child]) =>
      indent(entry(key, child, (value as { readonly [key: string]: unknown })[key])),
    );
    const others = membersOf(schema)
      .slice(1)
      .map((member) => indent(otherKind(member, inner)));
    return `${comment(schema)}${section}:\n${[...lines, ...others].join('\n')}`;
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

/** The kinds of a section, the one that is the default first. */
const membersOf = (schema: JsonSchema): readonly JsonSchema[] => (schema.oneOf ?? []) as readonly JsonSchema[];
const firstOf = (schema: JsonSchema): JsonSchema => membersOf(schema)[0] ?? schema;

/** The keys that another kind has besides, with their defaults, as comments. */
function otherKind(member: JsonSchema, known: { readonly [key: string]: JsonSchema }): string {
  const { kind, ...inner } = properties(member);
  const own = Object.entries(inner).filter(([key]) => !(key in known));
  const lines = own.map(([key, child]) => entry(key, child, child.default));
  return [`kind: ${String(kind?.const)}`, ...lines].join('\n').replace(/^/gm, '# ');
}

function entry(key: string, schema: JsonSchema, value: unknown): string {
  if (value === undefined) return `${comment(schema)}${key}:`;
  const text = stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
  return `${comment(schema)}${key}: ${text}`;
}

const comment = (schema: JsonSchema): string => `# ${String(schema.description ?? '')}\n`;
const indent = (text: string): string => text.replace(/^/gm, '  ');
