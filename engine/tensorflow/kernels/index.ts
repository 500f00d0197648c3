import type { NodeJSKernelBackend } from '#tfjs-node';
import { repairStockGradients } from '../../kernels/stockGradients.js';
import type { Clusters } from '../trace/cluster.js';
import { allReduce } from './allReduce.js';
import { batchNormInference, batchNormTrain, batchNormTrainGrad } from './batchNorm.js';
import { clusteredTwins } from './clustered.js';
import { groupConv2d, preferFastDepthwise, preferMatrixProducts } from './convolution.js';
import { addN, normalizeImages, planeSum, relu6Grad } from './elementwise.js';
import { registerExplicitPadding } from './explicitPadding.js';
import { statelessUniform } from './random.js';
import { cropAndResizeGrad, resizeBilinear, resizeBilinearGrad } from './resize.js';
import { suppression } from './suppression.js';
import { registerAll } from './twin.js';

/** Kernels of engine/kernels that TensorFlow has as one op; the others run their portable version, op by op. */
const TWINS = {
  EspalierAllReduce: allReduce,
  EspalierBatchNormTrain: batchNormTrain,
  EspalierBatchNormTrainGrad: batchNormTrainGrad,
  EspalierBatchNormInference: batchNormInference,
  EspalierResizeBilinear: resizeBilinear,
  EspalierResizeBilinearGrad: resizeBilinearGrad,
  EspalierCropAndResizeGrad: cropAndResizeGrad,
  EspalierRelu6Grad: relu6Grad,
  EspalierPlaneSum: planeSum,
  EspalierGroupConv2D: groupConv2d,
  EspalierNormalizeImages: normalizeImages,
  EspalierStatelessUniform: statelessUniform,
  EspalierSuppression: suppression,
};

export function registerTwins(backend: NodeJSKernelBackend, clusters: Clusters): void {
  repairStockGradients();
  preferMatrixProducts();
  preferFastDepthwise(clusters);
  registerExplicitPadding();
  registerAll(backend, { ...TWINS, ...clusteredTwins(clusters), AddN: addN });
}
