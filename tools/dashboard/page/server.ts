import type { KeptPictures } from '../../../training/run/index.js';
import type { Control } from '../controls.js';
import { fold, type History, type TimedEvent } from '../history.js';
import type { RunRow } from '../runs.js';

const query = (run: string, more: { readonly [name: string]: string } = {}): string =>
  new URLSearchParams({ run, ...more }).toString();

async function get<T>(path: string): Promise<T> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
}

export const fetchRuns = (): Promise<readonly RunRow[]> => get('api/runs');
export const fetchConfig = (run: string): Promise<unknown> => get(`api/config?${query(run)}`);
export const fetchPictureSteps = (run: string) =>
  get<{ readonly batches: readonly number[]; readonly answers: readonly number[] }>(`api/pictures?${query(run)}`);
export const fetchPictures = (run: string, name: string): Promise<KeptPictures> => get(pictureAddress(run, name));
export const pictureAddress = (run: string, name: string): string => `api/picture?${query(run, { name })}`;

/** @returns what was done, for people */
export async function ask(control: Control, run: string): Promise<string> {
  const response = await fetch(`api/${control}?${query(run)}`, { method: 'POST' });
  return response.ok ? ((await response.json()) as string) : await response.text();
}

/** Follows a run; comes back by itself when the server or the trainer was away. */
export function follow(
  run: string,
  onChange: (history: History, isConnected: boolean, news: readonly TimedEvent[]) => void,
): () => void {
  const source = new EventSource(`api/events?${query(run)}`);
  let history: History | null = null;
  const on = (name: string, take: (value: unknown) => void): void =>
    source.addEventListener(name, (message) => take(JSON.parse((message as MessageEvent<string>).data)));
  on('history', (value) => {
    history = value as History;
    onChange(history, true, []);
  });
  on('events', (value) => {
    if (history === null) return;
    for (const event of value as TimedEvent[]) fold(history, event);
    onChange(history, true, value as TimedEvent[]);
  });
  source.onerror = () => history && onChange(history, false, []);
  return () => source.close();
}
