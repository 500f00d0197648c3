import type { WeightsFile } from '../weightsFile.js';
import { applyRules, type Rules } from './blocks.js';
import { automlEfficientDet } from './efficientDet.js';
import { flatBlockNames } from './flatBlocks.js';
import {
  kerasDenseNet,
  kerasEfficientNet,
  kerasInception,
  kerasMobileNetV2,
  kerasMobileNetV3,
  kerasResNet,
  kerasVgg,
  kerasXception,
} from './keras.js';
import { hasName, type Release, type Rename } from './release.js';
import { segmentationModelsNames } from './segmentationModels.js';
import {
  TORCHVISION_CONVNEXT,
  TORCHVISION_DENSENET,
  TORCHVISION_MNASNET,
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

const TIMM: Release = { name: 'timm', matches: () => true, order: 'file', rename: () => (name) => name };

/** timm's names are ours. */
const RELEASES: readonly Release[] = [
  TIMM,
  release('EfficientNet-PyTorch', /^_blocks\.0\._depthwise_conv\./, flatBlockNames),
  release('torchvision MobileNetV2', /^features\.1\.conv\.0\.0\./, torchvisionMobileNetV2),
  release('torchvision EfficientNet', /^features\.1\.0\.block\.0\.0\./, torchvisionEfficientNet),
  release('torchvision MobileNetV3', /^features\.1\.block\.0\.0\./, torchvisionMobileNetV3),
  release('torchvision MNASNet', /^layers\.8\.0\.layers\.0\./, byRules(TORCHVISION_MNASNET)),
  release('torchvision ConvNeXt', /^features\.1\.0\.layer_scale$/, byRules(TORCHVISION_CONVNEXT)),
  release('torchvision RegNet', /^trunk_output\.block1\./, byRules(TORCHVISION_REGNET)),
  release('torchvision DenseNet', /\.denselayer1\.norm\.1\./, byRules(TORCHVISION_DENSENET)),
  release('torchvision VGG', /^classifier\.6\./, byRules(TORCHVISION_VGG)),
  release('segmentation_models_pytorch', /^segmentation_head\.0\./, segmentationModelsNames),
  release('effdet', /^model\.(fpn|class_net)\./, byRules(EFFDET)),
  release('EfficientDet of google/automl', /(^|\/)class_net\/class-predict\//, automlEfficientDet, 'memory'),
  {
    ...release('Keras EfficientNet', /^block1a_(dwconv|project_conv)\//, kerasEfficientNet, 'memory'),
    normalises: true,
  },
  release('Keras MobileNetV2', /^expanded_conv_depthwise_BN\//, kerasMobileNetV2, 'memory'),
  release('Keras MobileNetV3', /^expanded_conv_depthwise_bn\//, kerasMobileNetV3, 'memory'),
  { ...release('Keras ResNet', /^conv2_block1_1_conv\//, kerasResNet, 'memory'), caffeStem: 'conv1.weight' },
  release('Keras Inception', /^conv2d(_\d+)?\//, kerasInception, 'memory'),
  release('Keras DenseNet', /^conv2_block1_0_bn\//, kerasDenseNet, 'memory'),
  release('Keras Xception', /^block2_sepconv1\//, kerasXception, 'memory'),
  { ...release('Keras VGG', /^block1_conv1\//, kerasVgg, 'memory'), caffeStem: 'features.0.weight' },
];

/** Who named a file's tensors: of the releases that it looks like, the one whose names fill most of the network. */
export function releaseOf(file: WeightsFile, target: ReadonlySet<string>): Release {
  let best = { release: TIMM, found: 0 };
  for (const candidate of RELEASES) {
    if (!candidate.matches(file)) continue;
    const rename = candidate.rename(target);
    const found = [...file.tensors.keys()].filter((name) => target.has(rename(name) ?? '')).length;
    if (found > best.found) best = { release: candidate, found };
  }
  return best.release;
}
