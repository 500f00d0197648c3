import { type CallSite, describeSite } from '../../source.js';

/** TensorFlow names the node an error comes from. */
const NODE = /\{\{node ([^}]+)\}\}/g;

/** A message of TensorFlow with the calls that made its nodes. */
export function explain(sites: ReadonlyMap<string, CallSite>, message: string): string {
  const found = new Set<string>();
  for (const [, node] of message.matchAll(NODE)) {
    const parts = (node as string).split('/');
    const site = parts.map((part) => sites.get(part)).find((known) => known !== undefined);
    if (site) found.add(describeSite(site));
  }
  return found.size === 0 ? message : `${[...found].join('; ')}: ${message}`;
}
