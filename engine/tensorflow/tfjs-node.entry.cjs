// The kernel layer of @tensorflow/tfjs-node-gpu without its compiled addon, bundled into dist/tfjs-node.cjs.
// Node 23 removed two functions that its JavaScript calls.
const util = require('node:util');
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;

exports.NodeJSKernelBackend = require('@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend').NodeJSKernelBackend;
exports.registerAllKernels = () => require('@tensorflow/tfjs-node-gpu/dist/register_all_kernels');
