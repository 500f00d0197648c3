/** The server loads these from where they lie: native code and WebAssembly are files of their own. */
export default { serverExternalPackages: ['espalier', '@tensorflow/tfjs', 'onnxruntime-node'] };
