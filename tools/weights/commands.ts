import { type Command, Option } from 'commander';
import type { WeightTask } from '../../pretrained/released.js';
import { engine, json, offline, prefix } from '../options.js';

const collect = (value: string, previous: readonly string[]): readonly string[] => [...previous, ...value.split(',')];

/** Written out: commands are listed without loading what they do. */
const TASKS = ['classification', 'detection', 'segmentation'] as const satisfies readonly WeightTask[];

/** weights list, info, pull, convert, verify. */
export function addWeights(program: Command): void {
  const weights = program
    .command('weights')
    .description('pretrained weights: what there is, fetching, converting, checking');
  weights
    .command('list')
    .description(
      'what can be fetched by name: our catalogue, and published checkpoints of timm, effdet and torchvision',
    )
    .addOption(new Option('--task <task>', 'of this task').choices(TASKS))
    .option('--arch <name>', 'of this network, e.g. resnet50 or efficientdet-d0')
    .addOption(json())
    .action(async (options) => (await import('./list.js')).listWeights(options));
  weights
    .command('info')
    .description('what an entry of the catalogue is, or what a file of weights holds')
    .argument(
      '<weights...>',
      'names of the list, or files: safetensors, PyTorch, Keras, TFLite, TensorFlow.js, ONNX, NumPy',
    )
    .addOption(json())
    .action(async (names: string[], options) => (await import('./list.js')).weightsInfo(names, options));
  weights
    .command('pull')
    .description('fetch weights into the cache')
    .argument('<name...>', 'names of the list, or of a network: its best published weights')
    .option('--from <file>', 'take this file, fetched by hand, instead of the network')
    .addOption(offline())
    .addOption(json())
    .action(async (names: string[], options) => (await import('./list.js')).pullNames(names, options));
  weights
    .command('convert')
    .description(
      'weights of timm, torchvision, EfficientNet-PyTorch, effdet, google/automl, Keras, TFLite or ONNX as a file of ours',
    )
    .argument('<file>', 'weights in any format that `weights info` reads')
    .requiredOption(
      '--arch <name>',
      'the network they are for, e.g. tf_efficientnet_b0, or a detector such as efficientdet-lite0',
    )
    .requiredOption('--to <file>', 'file to write: .safetensors or .npz')
    .option(
      '--partial <names>',
      "what may be missing, unused or of another shape, e.g. 'classifier.*'; may be repeated",
      collect,
      [],
    )
    .option(
      '--classes <file>',
      'class names by index: JSON list or lines (default: those of ImageNet; of a detector 90 without names)',
    )
    .addOption(
      new Option('--part <which>', 'of a checkpoint with two sets (default: average)').choices(['trained', 'average']),
    )
    .addOption(
      new Option(
        '--preparation <how>',
        'images that the weights were trained on: caffe (BGR, means subtracted; default of Keras ResNet and VGG), or own: as the network says',
      ).choices(['caffe', 'own']),
    )
    .addOption(prefix())
    .option('--licence <text>', 'licence of the weights, kept in the file')
    .option('--source <text>', 'where they are from, kept in the file')
    .addOption(engine())
    .addOption(json())
    .action(async (file: string, options) => (await import('./convert.js')).convertWeightsFile(file, options));
  weights
    .command('verify')
    .description('run the golden forward of an entry of the catalogue, or of a converted file')
    .argument('<weights>', 'a name of the list, or a file')
    .addOption(engine())
    .addOption(json())
    .action(async (name: string, options) => (await import('./verify.js')).verifyWeightsFile(name, options));
}
