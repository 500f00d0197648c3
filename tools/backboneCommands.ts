import { type Command, InvalidArgumentError, Option } from 'commander';
import { engine, json, offline, prefix } from './options.js';

const split = (value: string, previous: readonly string[] = []): readonly string[] => [
  ...previous,
  ...value.split(','),
];

const threads = (): Option =>
  new Option('--threads <n>', 'threads inside one operation').argParser(number(1, 1024, true));
const seconds = (fallback: number): Option =>
  new Option('--seconds <n>', 'how long each is measured').argParser(number(0, 3600, false)).default(fallback);

/** features, benchmark, scale. */
export function addBackbones(program: Command): void {
  program
    .command('features')
    .description('feature maps of an image as a safetensors file: P1, P2, ..., float32 NHWC')
    .argument('<model>', "a backbone by timm's name, e.g. tf_efficientnet_lite0")
    .requiredOption('--weights <file>', 'weights in any format that `weights info` reads, or a name of `weights list`')
    .requiredOption('--input <file>', 'an image, or a .npy array: float32 [N, H, W, C], normalised')
    .option('--levels <names>', 'maps to give, e.g. P3,P4 (default: all)', split)
    .requiredOption('--out <file>', 'file to write: .safetensors')
    .addOption(prefix())
    .addOption(engine())
    .addOption(offline())
    .addOption(json())
    .action(async (model: string, options) => (await import('./features.js')).features(model, options));
  program
    .command('benchmark')
    .description('latency, throughput and memory of networks on this machine, beside their multiply-accumulates')
    .argument('<model...>', 'backbones, e.g. tf_efficientnet_b0 resnet50')
    .addOption(
      new Option('--px <n>', 'sides of the images (default: those each was made for)').argParser(
        number(32, 4096, true),
      ),
    )
    .addOption(new Option('--batch <n>', 'images at once').argParser(number(1, 1024, true)).default(1))
    .addOption(seconds(3))
    .addOption(engine())
    .addOption(threads())
    .addOption(json())
    .action(async (models: string[], options) => (await import('./benchmark.js')).benchmark(models, options));
  program
    .command('scale')
    .description('EfficientNets of many widths, depths and resolutions, measured: the best within a time')
    .addOption(
      new Option('--budget-ms <n>', 'time for one image').argParser(number(0.01, 1e6, false)).makeOptionMandatory(),
    )
    .addOption(
      new Option('--widths <factors>', 'e.g. 0.75,1,1.3').argParser(numbers(0.01, 16)).default([0.75, 1, 1.35]),
    )
    .addOption(new Option('--depths <factors>', 'e.g. 0.6,1,1.8').argParser(numbers(0.01, 16)).default([0.6, 1, 1.8]))
    .addOption(
      new Option('--resolutions <pixels>', 'e.g. 160,224')
        .argParser(numbers(32, 4096, true))
        .default([128, 176, 224, 300]),
    )
    .option('--out <file>', 'draw the plot as an SVG file, too')
    .addOption(seconds(1))
    .addOption(engine())
    .addOption(threads())
    .addOption(json())
    .action(async (options) => (await import('./scale/scale.js')).scale(options));
}

function number(low: number, high: number, isWhole: boolean): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const fits = text.trim() !== '' && value >= low && value <= high && (!isWhole || Number.isInteger(value));
    if (fits) return value;
    throw new InvalidArgumentError(`Give a ${isWhole ? 'whole ' : ''}number from ${low} to ${high}.`);
  };
}

function numbers(low: number, high: number, isWhole = false): (text: string) => readonly number[] {
  const one = number(low, high, isWhole);
  return (text) => text.split(',').map(one);
}
