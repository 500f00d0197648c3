import { stringify } from 'yaml';
import * as z from 'zod';
import { completeExperiment, SHORT_FORMS, STRING_FORMS } from './complete.js';
import { experimentSchema } from './schema.js';

const HEAD = `# yaml-language-server: $schema=./experiment.schema.json
# Every key an experiment may have, with its default. A config names only what differs.
`;

/** `configs/reference.yaml`: every key with its default, headed by its description; parts of other kinds as comments. */
export function renderReference(): string {
  const defaults = experimentSchema.parse(completeExperiment({})) as Values;
  const sections = Object.entries(properties(fullSchema())).map(([key, schema]) => render(key, schema, defaults[key]));
  return `${HEAD}\n${sections.join('\n\n')}\n`;
}

type Values = { readonly [key: string]: unknown };

/** A key with its value: a map line by line, and after it the other kinds that could stand there. */
function render(key: string, schema: JsonSchema, value: unknown): string {
  const kinds = kindsOf(schema);
  const chosen = kinds.find((kind) => literalOf(kind) === (value as Values | undefined)?.kind) ?? kinds[0] ?? schema;
  const inner = Object.entries(properties(chosen));
  if (inner.length === 0) return entry(key, schema, value);
  const lines = inner.map(([name, child]) => indent(render(name, child, (value as Values | undefined)?.[name])));
  const others = kinds
    .filter((kind) => kind !== chosen)
    .map((kind) => `or\n${render(key, { properties: kind.properties }, defaultsOf(kind))}`.replace(/^/gm, '# '));
  return [`${comment(schema)}${key}:`, ...lines, ...others].join('\n');
}

/** The schemas of a part that may be of several kinds. */
const kindsOf = (schema: JsonSchema): readonly JsonSchema[] => (schema.oneOf ?? []) as readonly JsonSchema[];
const literalOf = (schema: JsonSchema): unknown => properties(schema).kind?.const;

/** The defaults that a schema states, and the kind it is for. */
function defaultsOf(schema: JsonSchema): unknown {
  const [first] = kindsOf(schema);
  if (first) return defaultsOf(first);
  const inner = Object.entries(properties(schema));
  if (inner.length === 0) return schema.const ?? schema.default;
  return Object.fromEntries(inner.map(([key, child]) => [key, defaultsOf(child)]));
}

/** JSON schema of the experiment with nothing left out. */
const fullSchema = (): JsonSchema => z.toJSONSchema(experimentSchema, { io: 'input' });

/** JSON Schema of a config file, for completion in editors. */
export function experimentJsonSchema(): JsonSchema {
  const schema = fullSchema();
  const { model, evaluate, ...others } = properties(schema);
  const parts = Object.entries(properties(model ?? {})).map(([key, part]) => [key, withNames(key, optional(part))]);
  const short = shortForms();
  return {
    ...schema,
    required: [],
    title: 'Espalier experiment',
    properties: {
      ...others,
      model: { ...optional(model ?? {}), properties: { ...Object.fromEntries(parts), ...short.model } },
      evaluate: { ...evaluate, properties: { ...properties(evaluate ?? {}), ...short.evaluate } },
    },
  };
}

/** A schema without keys that must be there: presets and heads fill in what is left out. */
function optional(schema: JsonSchema): JsonSchema {
  const { required: _, ...rest } = schema;
  const inner = Object.entries(properties(schema)).map(([key, child]) => [key, optional(child)]);
  const kinds = kindsOf(schema).map(optional);
  return {
    ...rest,
    ...(inner.length > 0 && { properties: Object.fromEntries(inner) }),
    ...(kinds.length > 0 && { oneOf: kinds }),
  };
}

/** The names that a text is short for, beside the map itself. */
function withNames(key: string, part: JsonSchema): JsonSchema {
  const names = STRING_FORMS[key]?.names;
  if (names === undefined) return part;
  const { description, ...map } = part;
  return { description, anyOf: [{ type: 'string', enum: names }, map] };
}

/** The short keys by section, each said to be short for a longer one. */
function shortForms(): { readonly [section: string]: { readonly [key: string]: JsonSchema } } {
  const sections: { [section: string]: { [key: string]: JsonSchema } } = {};
  for (const [short, path] of Object.entries(SHORT_FORMS)) {
    const [section = '', key = ''] = short.split('.');
    sections[section] = { ...sections[section], [key]: { description: `Short for ${path.join('.')}` } };
  }
  return sections;
}

interface JsonSchema {
  readonly [key: string]: unknown;
}

function properties(schema: JsonSchema): { readonly [key: string]: JsonSchema } {
  return (schema.properties ?? {}) as { readonly [key: string]: JsonSchema };
}

function entry(key: string, schema: JsonSchema, value: unknown): string {
  if (value === undefined) return `${comment(schema)}# ${key}:`;
  const text = stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
  return `${comment(schema)}${key}: ${text}`;
}

const comment = ({ description }: JsonSchema): string =>
  description === undefined ? '' : `# ${String(description)}\n`;
const indent = (text: string): string => text.replace(/^/gm, '  ');
