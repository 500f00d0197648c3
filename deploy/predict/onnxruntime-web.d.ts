/** Optional packages: what of them is used is stated where they are. */
declare module 'onnxruntime-web/wasm' {}
declare module 'onnxruntime-web/webgpu' {}
