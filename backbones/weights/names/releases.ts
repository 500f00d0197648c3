import type { WeightsFile } from '../weightsFile.js';
import { applyRules, type Rules } from './blocks.js';
import { flatBlockNames } from './flatBlocks.js';
import { kerasEfficientNet, kerasMobileNetV2, kerasVgg, kerasXception } from './keras.js';
import { hasName, type Release, type Rename } from './release.js';
import {
  TORCHVISION_CONVNEXT,
  TORCHVISION_DENSENET,
  TORCHVISION_REGNET,
  TORCHVISION_VGG,
  torchvisionEfficientNet,
  torchvisionMobileNetV2,
  torchvisionMobileNetV3,
} from './torchvision.js';

/** A release that is known by one of its names. */
const release = (
  name: string,
  mark: RegExp,
  rename: (target: Iterable<string>) => Rename,
  order: Release['order'] = 'file',
): Release => ({ name, matches: (file) => hasName(file, mark), rename, order });

/** Rules that need to know nothing of the target; a name that is not known is kept. */
const byRules =
  (rules: Rules): Release['rename'] =>
  () =>
  (name) =>
    applyRules(rules, name) ?? name;

/** effdet's training wrappers put `model.` before its names, which are ours. */
const EFFDET: Rules = [[/^model\.(?=backbone\.|fpn\.|class_net\.|box_net\.)/, '']];

/** First match wins; timm's names, which are ours, come last. */
const RELEASES: readonly Release[] = [
  release('EfficientNet-PyTorch', /^_blocks\.0\._depthwise_conv\./, flatBlockNames),
  release('torchvision MobileNetV2', /^features\.1\.conv\.0\.0\./, torchvisionMobileNetV2),
  release('torchvision EfficientNet', /^features\.1\.0\.block\.0\.0\./, torchvisionEfficientNet),
  release('torchvision MobileNetV3', /^features\.1\.block\.0\.0\./, torchvisionMobileNetV3),
  release('torchvision ConvNeXt', /^features\.1\.0\.layer_scale$/, byRules(TORCHVISION_CONVNEXT)),
  release('torchvision RegNet', /^trunk_output\.block1\./, byRules(TORCHVISION_REGNET)),
  release('torchvision DenseNet', /\.denselayer1\.norm\.1\./, byRules(TORCHVISION_DENSENET)),
  release('effdet', /^model\.(fpn|class_net)\./, byRules(EFFDET)),
  release('Keras EfficientNet', /^block1a_(dwconv|project_conv)\//, kerasEfficientNet, 'memory'),
  release('Keras MobileNetV2', /^expanded_conv_depthwise_BN\//, kerasMobileNetV2, 'memory'),
  release('Keras Xception', /^block2_sepconv1\//, kerasXception, 'memory'),
  release('Keras VGG', /^block1_conv1\//, kerasVgg, 'memory'),
];

const VGG = release('torchvision VGG', /^classifier\.6\./, byRules(TORCHVISION_VGG));
const TIMM = release('timm', /./, () => (name) => name);

/**
 * Who named a file's tensors.
 *
 * @param target parameter names of the network to be filled: VGG and AlexNet of torchvision have the same names
 */
export function releaseOf(file: WeightsFile, target: ReadonlySet<string>): Release {
  if (target.has('pre_logits.fc1.weight') && VGG.matches(file)) return VGG;
  return RELEASES.find((candidate) => candidate.matches(file)) ?? TIMM;
}
