import type { Dataset } from './dataset.js';
import type { Truth } from './sample.js';

/** Images `from` to before `to` of a data set, in their order. */
export function partOf<T extends Truth>(dataset: Dataset<T>, from: number, to: number): Dataset<T> {
  const [first, last] = [Math.max(0, from), Math.min(dataset.size, to)];
  const size = Math.max(0, last - first);
  const get: Dataset<T>['get'] = (index) => dataset.get(first + index);
  return {
    ...dataset,
    size,
    entries: dataset.entries.slice(first, first + size),
    get,
    async *[Symbol.asyncIterator]() {
      for (let index = 0; index < size; index++) yield await get(index);
    },
  };
}
