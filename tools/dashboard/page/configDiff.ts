import { element } from './dom.js';

/** Leaves of a config by dotted key. */
function leaves(value: unknown, path = ''): readonly (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, child]) => leaves(child, path ? `${path}.${key}` : key));
}

/** A config as lines; with another one, its differences. */
export function configLines(config: unknown, other: unknown, names: readonly [string, string]): HTMLElement {
  const own = new Map(leaves(config));
  if (other === undefined) return element('pre', {}, [...own].map(([key, value]) => `${key}: ${value}`).join('\n'));
  const others = new Map(leaves(other));
  const keys = [...new Set([...own.keys(), ...others.keys()])].filter((key) => own.get(key) !== others.get(key));
  if (keys.length === 0) return element('p', { class: 'note' }, `${names[0]} and ${names[1]} have the same config`);
  const rows = keys.map((key) =>
    element('tr', {}, ...[key, own.get(key) ?? '', others.get(key) ?? ''].map((text) => element('td', {}, text))),
  );
  const head = element('tr', {}, ...['key', ...names].map((name) => element('th', {}, name)));
  return element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows));
}
