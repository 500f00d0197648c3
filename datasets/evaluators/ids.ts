import { EspalierError } from '../../engine/errors.js';

/** Notes ids and refuses one that comes twice: its image would count twice. */
export function createIdSet(): (id: string) => void {
  const seen = new Set<string>();
  return (id) => {
    if (seen.has(id)) throw new EspalierError(`${id} was already evaluated: add every image once`);
    seen.add(id);
  };
}
