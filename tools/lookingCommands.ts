import { type Command, InvalidArgumentError, Option } from 'commander';
import { allowModules, engine, json } from './options.js';

/** dashboard, report, browse: what is looked at rather than read. */
export function addLooking(program: Command): void {
  program
    .command('dashboard')
    .description('show runs in a browser: live, or from their logs at any time')
    .argument('<folder>', 'folder of a run, or of several')
    .addOption(new Option('--port <n>', 'port on this machine (default: a free one)').argParser(portNumber))
    .option('--open', 'open the browser')
    .action(async (folder: string, options) => (await import('./dashboard/dashboard.js')).dashboard(folder, options));
  program
    .command('report')
    .description(
      'write what a run answers into one file that opens anywhere: curves, errors, images, labels to look at',
    )
    .argument('<run>', 'folder of a run')
    .option('--data <dir>', 'replaces the recorded data.root')
    .addOption(new Option('--split <name>', 'which images').choices(['train', 'val', 'test']))
    .option('--against <run>', 'compare with another run on the same images')
    .option('--slices <file>', 'measure groups of images alone: CSV or JSON with what is known of each, or a COCO file')
    .option('--out <file>', 'file to write (default: report.html in the folder of the run)')
    .addOption(engine())
    .addOption(allowModules())
    .addOption(json())
    .action(async (folder: string, options) => (await import('./runReport/runReport.js')).report(folder, options));
  program
    .command('browse')
    .description('show a data set with its truths in a browser, and correct boxes of a COCO file into one beside it')
    .argument('<config>', 'config that names the data, or folder of a run')
    .option('--data <dir>', 'replaces data.root')
    .addOption(new Option('--split <name>', 'which images (default: train)').choices(['train', 'val', 'test']))
    .option('--run <dir>', 'with the answers of this run')
    .addOption(new Option('--port <n>', 'port on this machine (default: a free one)').argParser(portNumber))
    .option('--open', 'open the browser')
    .addOption(engine())
    .addOption(allowModules())
    .action(async (source: string, options) => (await import('./browse/browse.js')).browse(source, options));
}

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port < 65_536) return port;
  throw new InvalidArgumentError('Give a whole number from 0 to 65535.');
}
