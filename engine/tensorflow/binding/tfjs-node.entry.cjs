// The kernel layer of @tensorflow/tfjs-node-gpu without its compiled addon, bundled into dist/tfjs-node.cjs.
exports.NodeJSKernelBackend = require('@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend').NodeJSKernelBackend;
exports.registerAllKernels = () => require('@tensorflow/tfjs-node-gpu/dist/register_all_kernels');
