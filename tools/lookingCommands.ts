import { type Command, InvalidArgumentError, Option } from 'commander';

/** dashboard: what is looked at rather than read. */
export function addLooking(program: Command): void {
  program
    .command('dashboard')
    .description('show runs in a browser: live, or from their logs at any time')
    .argument('<folder>', 'folder of a run, or of several')
    .addOption(new Option('--port <n>', 'port on this machine (default: a free one)').argParser(portNumber))
    .option('--open', 'open the browser')
    .action(async (folder: string, options) => (await import('./dashboard/dashboard.js')).dashboard(folder, options));
}

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port < 65_536) return port;
  throw new InvalidArgumentError('Give a whole number from 0 to 65535.');
}
