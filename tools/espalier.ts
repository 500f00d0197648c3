import { createRequire } from 'node:module';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { CALIBRATIONS, FORMAT_NAMES, PRECISIONS } from '../deploy/formatNames.js';
import { printable } from '../engine/printable.js';
import { addBackbones } from './backboneCommands.js';
import { watchEnds } from './ends.js';
import { addLooking } from './lookingCommands.js';
import { allowModules, engine, engineOrRuntime, json, offline } from './options.js';
import { reportError } from './report.js';
import { addWeights } from './weights/commands.js';

/**
 * The command line. Every command loads its module when it is called, so that help is instant.
 *
 * @returns exit status: 0 done, 1 failed or stopped, 2 wrong use
 */
export async function run(args: readonly string[]): Promise<number> {
  watchEnds();
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return reportError(error);
  }
}

const STATUSES = `
Exit status: 0 done; 1 failed, in one sentence, or a training that a signal stopped, with a checkpoint; 2 wrong use;
128 and its number after a signal that no training waits for, or a second one.`;

const threads = (): Option =>
  new Option('--threads <n>', 'threads inside one operation').argParser(wholeNumber(1, 1024));
const shard = (what: string): Option => new Option('--shard <i/n>', `${what}; i from 1 to n`).argParser(shardOf);
const collect = (value: string, previous: readonly string[]): readonly string[] => [...previous, value];

function createProgram(): Command {
  const program = new Command('espalier')
    .description('Trains detectors and segmenters on EfficientNet feature pyramids.')
    .version(createRequire(import.meta.url)('espalier/package.json').version as string)
    .enablePositionalOptions() // a command may have its own --version
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(printable(text)) })
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true });
  addLearning(program);
  addSharing(program);
  addLooking(program);
  addData(program);
  addMachine(program);
  program.addHelpText('after', STATUSES);
  return program;
}

const tile = (): Option =>
  new Option('--tile <pixels>', 'answer larger images by overlapping tiles of this side').argParser(
    wholeNumber(64, 8192),
  );
const batch = (): Option =>
  new Option('--batch <n>', 'images per step (default: as in training)').argParser(wholeNumber(1, 1024));

/** train, evaluate, predict. */
function addLearning(program: Command): void {
  program
    .command('train')
    .description('train what a config describes')
    .argument(
      '<config>',
      'YAML file, e.g. configs/cells-demo.yaml (every key: configs/reference.yaml); or a folder of data, which starts from EfficientNet-Lite0',
    )
    .option('--data <dir>', 'replaces data.root')
    .option('--out <dir>', 'folder of the run (default: runs/<config>-<n>)')
    .option('--set <key.path=value>', 'replaces one key; may be repeated', collect, [])
    .option('--cluster <addresses>', 'host:port of every process, with commas: train together (or TF_CONFIG)')
    .addOption(new Option('--task <n>', 'position of this process in --cluster').argParser(wholeNumber(0, 255)))
    .addOption(
      new Option(
        '--minutes <n>',
        'train for that long (train.minutes); of a folder, head, size and schedule are chosen for it, with the reasons',
      ).argParser(positive),
    )
    .addOption(
      new Option('--fold <i>', 'the fold of data.folds that validates, from 0; all: train each').argParser(foldOf),
    )
    .addOption(
      new Option('--seeds <n>', 'train with that many seeds, from train.seed on: mean and deviation').argParser(
        wholeNumber(1, 100),
      ),
    )
    .option('--resume', 'continue the run in --out, or the newest one of this config')
    .option('--dashboard', 'show the run in a browser while it goes; prints the address')
    .option('--no-plots', 'draw no curves and tables into the folder of the run at its end')
    .option(
      '--check-leaks',
      'end with the op that made them when tensors stay alive after steps (NODE_ENV=development: always)',
    )
    .addOption(engine())
    .addOption(threads())
    .addOption(offline())
    .addOption(allowModules())
    .addOption(json())
    .action(async (config: string, options) => (await import('./train.js')).train(config, options));
  program
    .command('tune')
    .description(
      'search learning rate, weight decay and strength of the augmentation within a time: successive halving',
    )
    .argument('<config>', 'as of train')
    .requiredOption('--minutes <n>', 'of all trainings together', positive)
    .addOption(
      new Option('--trials <n>', 'changes that are tried, the config as it is among them')
        .argParser(wholeNumber(2, 1000))
        .default(9),
    )
    .option('--data <dir>', 'replaces data.root')
    .option('--out <dir>', 'folder of the search (default: runs/<config>-<n>)')
    .option('--set <key.path=value>', 'replaces one key; may be repeated', collect, [])
    .option('--resume', 'continue the search in --out, or the newest one of this config')
    .addOption(engine())
    .addOption(threads())
    .addOption(offline())
    .addOption(allowModules())
    .addOption(json())
    .action(async (config: string, options) => (await import('./tune.js')).tune(config, options));
  program
    .command('find-rate')
    .description('train with rising learning rates, and tell where the loss falls fastest')
    .argument('<config>', 'as of train')
    .addOption(new Option('--from <rate>', 'first rate').argParser(positive).default(1e-6))
    .addOption(new Option('--to <rate>', 'last rate').argParser(positive).default(1))
    .addOption(new Option('--steps <n>', 'at most').argParser(wholeNumber(20, 10_000)).default(100))
    .option('--data <dir>', 'replaces data.root')
    .option('--out <dir>', 'folder of rates.json, rates.svg and rates.png', 'rates')
    .option('--set <key.path=value>', 'replaces one key; may be repeated', collect, [])
    .addOption(engine())
    .addOption(threads())
    .addOption(offline())
    .addOption(allowModules())
    .addOption(json())
    .action(async (config: string, options) => (await import('./findRate.js')).findRate(config, options));
  program
    .command('evaluate')
    .description('measure a trained run')
    .argument('[run]', 'folder of a run, or an ONNX file or bundle of `espalier export`')
    .addOption(shard('answer this part of the images and write the answers, for --merge'))
    .option('--out <file>', 'with --shard: file of the answers (default: answers-<i>-of-<n>.jsonl.gz)')
    .option('--merge <files...>', 'measure what all shards of an evaluation answered, to the same bits as one process')
    .option(
      '--data <path>',
      'replaces the recorded data.root; of an exported file: a config or run that names the images',
    )
    .addOption(new Option('--split <name>', 'which images').choices(['train', 'val', 'test']))
    .option(
      '--cases <file>',
      'segmentation: also Dice, surface distances, lesions and volumes case by case, into a CSV file (settings: evaluate.cases)',
    )
    .option(
      '--keep-largest',
      "segmentation: find the classes whose mean Dice over the cases rises with their largest component alone, and keep that in the run's folder; of the folder of train --fold all, over the cases of all folds, in each of them",
    )
    .addOption(batch())
    .option('--flip', 'see each image mirrored, too, and combine the answers (see evaluate.augment)')
    .option('--with <runs...>', 'combine the answers with those of further runs')
    .addOption(tile())
    .addOption(engineOrRuntime())
    .addOption(threads())
    .addOption(allowModules())
    .addOption(json())
    .action(async (folder: string | undefined, options) => (await import('./evaluate.js')).evaluate(folder, options));
  program
    .command('predict')
    .description('answer for images: JSON and a drawn PNG of each')
    .argument(
      '<model>',
      'folder or checkpoint of a run, an ONNX file or bundle of `espalier export`, a classifier or detector of `espalier weights list`, or a classifier that `espalier weights convert` wrote',
    )
    .argument('<image...>', 'image files, folders, patterns, lists (.txt), or - for a list on stdin')
    .option(
      '--masks <dir>',
      'folder of class maps (palette PNGs), of label images that number the objects (16 bits), or of COCO panoptic; not that of --out',
    )
    .option(
      '--as-dataset <dir>',
      'instead of drawings: a data set whose truths are the answers from --threshold up, and <dir>.yaml, which reads it',
    )
    .option('--out <dir>', 'folder of the drawn images (default: predictions)')
    .addOption(
      new Option(
        '--slice <n>',
        'of volumes: the slice that is drawn, from 0 (default: the one with most to see)',
      ).argParser(wholeNumber(0, 65_535)),
    )
    .addOption(
      new Option(
        '--window <centre,width>',
        'of volumes: values that are drawn from black to white, such as 40,400 (default: percentiles 0.5 to 99.5)',
      ).argParser(windowOf),
    )
    .addOption(new Option('--threshold <score>', 'lowest score that is reported, 0..1').argParser(fraction))
    .addOption(shard('answer this part of the images'))
    .addOption(batch())
    .option('--flip', 'see each image mirrored, too, and combine the answers (see evaluate.augment)')
    .option('--with <runs...>', 'combine the answers with those of further runs')
    .addOption(tile())
    .addOption(engineOrRuntime())
    .addOption(threads())
    .addOption(offline())
    .addOption(allowModules())
    .addOption(json())
    .action(async (model: string, images: string[], options) =>
      (await import('./predict.js')).predict(model, images, options),
    );
}

/** export. */
function addSharing(program: Command): void {
  program
    .command('export')
    .description('write a trained network as a file that runs without this library')
    .argument('<run>', 'folder or checkpoint of a run')
    .addOption(
      new Option('--to <formats>', `what to write, with commas: ${FORMAT_NAMES.join(', ')}`)
        .argParser(listOf(FORMAT_NAMES))
        .default(['onnx'], 'onnx'),
    )
    .option(
      '--out <path>',
      'file or folder to write, a folder of several; a bundle is one file where it ends in .espalier (default: beside the checkpoints of the run, model.onnx and so on)',
    )
    .addOption(
      new Option(
        '--precision <types>',
        `of weights and arithmetic, with commas: f32, f16, int8 (of convolutions and dense layers)`,
      )
        .argParser(listOf(PRECISIONS))
        .default(['f32'], 'f32'),
    )
    .option('--calibrate <data>', 'int8: a split, config or run whose images the ranges of values come from', 'train')
    .addOption(
      new Option('--calibration <way>', 'int8: how a range is chosen of the values')
        .choices(CALIBRATIONS)
        .default(CALIBRATIONS[0]),
    )
    .addOption(
      new Option('--calibration-images <n>', 'int8: the most images that are read')
        .argParser(wholeNumber(1, 100_000))
        .default(64),
    )
    .addOption(
      new Option('--nms <where>', 'onnx: who suppresses overlapping boxes, the graph of the file or its caller')
        .choices(['graph', 'none'])
        .default('none'),
    )
    .addOption(
      new Option(
        '--size <HxW>',
        "the network's input, pixels (default: as in training); dynamic: whatever the caller gives, onnx",
      ).argParser(orDynamic(sizeOf)),
    )
    .addOption(
      new Option('--batch <n>', 'images of a call; dynamic: whatever the caller gives, onnx')
        .argParser(orDynamic(wholeNumber(1, 1024)))
        .default(1),
    )
    .option(
      '--verify <data>',
      'compare with the trained network on the images of a config or run, on every runtime that is here; writes parity.json and parity.md beside; exit 1 above the limits',
    )
    .addOption(
      new Option(
        '--most-difference <n>',
        'with --verify: limit of the outputs, of the largest value (f32: 1e-4)',
      ).argParser(fraction),
    )
    .addOption(
      new Option(
        '--most-loss <n>',
        'with --verify: limit of what the metric loses (f32 0.001, f16 0.002, int8 0.01)',
      ).argParser(fraction),
    )
    .addOption(new Option('--split <name>', 'with --verify: which images').choices(['train', 'val', 'test']))
    .option('--licence <name>', 'of the exported weights, for their description, e.g. CC-BY-4.0')
    .addOption(engine())
    .addOption(json())
    .action(async (folder: string, options) => (await import('./export.js')).exportModel(folder, options));
}

/** init, check, formats. */
function addData(program: Command): void {
  program
    .command('init')
    .description('recognise a data set, check it, and write a config for it')
    .argument('<data>', 'folder of images and annotations; `espalier formats` draws what is recognised')
    .option('--out <file>', 'config to write (default: <data>.yaml)')
    .addOption(
      new Option('--minutes <n>', 'of volumes: minutes of two cores that a training is planned for')
        .argParser(wholeNumber(1, 100_000))
        .default(20),
    )
    .addOption(json())
    .action(async (folder: string, options) => (await import('./dataCommands.js')).init(folder, options));
  program
    .command('check')
    .description('tell what a data set holds and what is wrong with it')
    .argument('<data>', 'folder of a data set, or a config')
    .option('--strict', 'exit 1 for warnings, too')
    .option('--write <file>', 'write a config for it')
    .addOption(
      new Option('--show <n>', 'draw the first batches as the network sees them, with what they teach').argParser(
        wholeNumber(1, 1000),
      ),
    )
    .option('--out <dir>', 'with --show: folder of the pictures (default: <data>-batches)')
    .addOption(json())
    .action(async (path: string, options) => (await import('./dataCommands.js')).check(path, options));
  program
    .command('formats')
    .description('draw the layouts of data sets that are recognised')
    .addOption(json())
    .action(async (options) => (await import('./dataCommands.js')).formats(options));
}

/** sample, weights, runtime, doctor, inspect. */
function addMachine(program: Command): void {
  program
    .command('sample')
    .description('draw a data set with its truth')
    .addArgument(program.createArgument('<kind>', 'what to draw').choices(['cells', 'panoptic', 'radiograph', 'skin']))
    .requiredOption('--out <dir>', 'folder to draw into')
    .addOption(new Option('--images <n>', 'how many').argParser(wholeNumber(1, 100_000)).default(120))
    .addOption(new Option('--seed <n>', 'same seed, same bytes').argParser(wholeNumber(0, 4_294_967_295)).default(1))
    .addOption(json())
    .action(async (kind: 'cells' | 'panoptic' | 'radiograph' | 'skin', options) =>
      (await import('./sample.js')).sample(kind, options),
    );
  addBackbones(program);
  addWeights(program);
  program
    .command('runtime')
    .description('the native TensorFlow library: list, install, remove')
    .addArgument(program.createArgument('<action>', 'what to do').choices(['list', 'install', 'remove']))
    .option('--from <wheel>', 'install: a tensorflow wheel that is already here')
    .option('--version <number>', 'install, remove: this TensorFlow (default: the one this release was tested with)')
    .option('--gpu', 'install: with CUDA, for NVIDIA GPUs on Linux x64')
    .addOption(json())
    .action(async (action: string, options) =>
      (await import('./runtime.js')).runtime(action as 'list' | 'install' | 'remove', options),
    );
  program
    .command('doctor')
    .description('what this machine has, what is used, what to do')
    .addOption(engine())
    .addOption(json())
    .action(async (options) => (await import('./doctor.js')).doctor(options));
  program
    .command('inspect')
    .description('tables of a backbone or a preset: stages, maps, parameters, MACs, memory, receptive field')
    .argument('[model]', 'e.g. tf_efficientnet_b0 or efficientdet-lite0')
    .option('--all', 'one row for each network there is, and one for each family of backbones')
    .option('--backbones', 'one row for each backbone')
    .option('--markdown', 'with --all or --backbones: as a table of a page')
    .option('--graph', 'nodes by op of the inference graph, before and after TensorFlow optimizes it')
    .addOption(json())
    .action(async (model: string | undefined, options) =>
      (await import('./inspect/inspect.js')).inspect(model, options),
    );
}

function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`Give a whole number from ${low} to ${high}.`);
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Give a number above 0.');
}

const foldOf = (text: string): number | 'all' => (text === 'all' ? text : wholeNumber(0, 99)(text));

/** What a reader reads, or the word. */
function orDynamic<T>(read: (text: string) => T): (text: string) => T | 'dynamic' {
  return (text) => (text === 'dynamic' ? text : read(text));
}

function sizeOf(text: string): readonly [height: number, width: number] {
  const [, height = '', width = ''] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
  if (Number(height) > 0 && Number(width) > 0) return [Number(height), Number(width)];
  throw new InvalidArgumentError('Give height and width in pixels, e.g. 320x320.');
}

function shardOf(text: string): { readonly index: number; readonly count: number } {
  const [, index = '', count = ''] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  if (Number(index) >= 1 && Number(index) <= Number(count)) return { index: Number(index), count: Number(count) };
  throw new InvalidArgumentError('Give which part of how many, e.g. 2/8.');
}

function listOf<Name extends string>(names: readonly Name[]): (text: string) => readonly Name[] {
  return (text) => {
    const chosen = names.filter((name) => text.split(',').includes(name));
    if (chosen.length > 0 && chosen.length === text.split(',').length) return chosen;
    throw new InvalidArgumentError(`Give one or several of ${names.join(', ')}, with commas.`);
  };
}

function windowOf(text: string): readonly [centre: number, width: number] {
  const [centre = Number.NaN, width = Number.NaN, ...rest] = text.split(',').map(Number);
  if (Number.isFinite(centre) && width > 0 && Number.isFinite(width) && rest.length === 0) return [centre, width];
  throw new InvalidArgumentError('Give a centre and a width, e.g. 40,400; a negative centre as --window=-600,1500.');
}

function fraction(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('Give a number from 0 to 1.');
}
