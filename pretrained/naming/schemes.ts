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
import type { NamingScheme, Rename } from './scheme.js';
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

const scheme = (
  name: string,
  mark: RegExp,
  rename: (target: Iterable<string>) => Rename,
  order: NamingScheme['order'] = 'file',
): NamingScheme => ({ name, mark, rename, order });

/** Rules that need to know nothing of the target; a name that is not known is kept. */
const byRules =
  (rules: Rules): NamingScheme['rename'] =>
  () =>
  (name) =>
    applyRules(rules, name) ?? name;

/** timm's and effdet's names are ours. */
export const TIMM: NamingScheme = { name: 'timm', mark: null, order: 'file', rename: () => (name) => name };

/** Those that are known, the usual ones first: of two that fit equally well, the first is meant. */
export const NAMING_SCHEMES: readonly NamingScheme[] = [
  TIMM,
  scheme('EfficientNet-PyTorch', /^_blocks\.0\._depthwise_conv\./, flatBlockNames),
  scheme('torchvision MobileNetV2', /^features\.1\.conv\.0\.0\./, torchvisionMobileNetV2),
  scheme('torchvision EfficientNet', /^features\.1\.0\.block\.0\.0\./, torchvisionEfficientNet),
  scheme('torchvision MobileNetV3', /^features\.1\.block\.0\.0\./, torchvisionMobileNetV3),
  scheme('torchvision MNASNet', /^layers\.8\.0\.layers\.0\./, byRules(TORCHVISION_MNASNET)),
  scheme('torchvision ConvNeXt', /^features\.1\.0\.layer_scale$/, byRules(TORCHVISION_CONVNEXT)),
  scheme('torchvision RegNet', /^trunk_output\.block1\./, byRules(TORCHVISION_REGNET)),
  scheme('torchvision DenseNet', /\.denselayer1\.norm\.1\./, byRules(TORCHVISION_DENSENET)),
  scheme('torchvision VGG', /^classifier\.6\./, byRules(TORCHVISION_VGG)),
  scheme('segmentation_models_pytorch', /^segmentation_head\.0\./, segmentationModelsNames),
  scheme('EfficientDet of google/automl', /(^|\/)class_net\/class-predict\//, automlEfficientDet, 'memory'),
  {
    ...scheme('Keras EfficientNet', /^block1a_(dwconv|project_conv)\//, kerasEfficientNet, 'memory'),
    normalises: true,
  },
  scheme('Keras MobileNetV2', /^expanded_conv_depthwise_BN\//, kerasMobileNetV2, 'memory'),
  scheme('Keras MobileNetV3', /^expanded_conv_depthwise_bn\//, kerasMobileNetV3, 'memory'),
  { ...scheme('Keras ResNet', /^conv2_block1_1_conv\//, kerasResNet, 'memory'), caffeStem: 'conv1.weight' },
  scheme('Keras Inception', /^conv2d(_\d+)?\//, kerasInception, 'memory'),
  scheme('Keras DenseNet', /^conv2_block1_0_bn\//, kerasDenseNet, 'memory'),
  scheme('Keras Xception', /^block2_sepconv1\//, kerasXception, 'memory'),
  { ...scheme('Keras VGG', /^block1_conv1\//, kerasVgg, 'memory'), caffeStem: 'features.0.weight' },
];
