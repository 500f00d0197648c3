import { spawn } from 'node:child_process';
import { createOutput } from '../output.js';
import { CONTROLS } from './controls.js';
import { findRuns } from './runs.js';
import { startDashboard } from './server.js';

export interface DashboardCommand {
  readonly port?: number;
  readonly open?: boolean;
}

/** Shows runs in a browser until Ctrl-C. */
export async function dashboard(root: string, { port = 0, open }: DashboardCommand): Promise<void> {
  const output = createOutput(false);
  const { size } = findRuns(root);
  const { url, close } = await startDashboard({ root, port, controls: CONTROLS });
  output.say(`${size} run${size === 1 ? '' : 's'}: ${url}`);
  output.note('who knows this address may look, pause and stop runs; Ctrl-C ends the page, not the runs');
  if (open) openInBrowser(url);
  await new Promise<void>((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
  await close();
}

const OPENERS: { readonly [platform: string]: readonly string[] } = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** With the system's own program; where there is none the address was printed. */
export function openInBrowser(url: string): void {
  const [program = 'xdg-open', ...args] = OPENERS[process.platform] ?? [];
  spawn(program, [...args, url], { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}
