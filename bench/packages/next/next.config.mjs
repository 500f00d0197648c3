/** A server loads the library from where it lies: its worker threads and its native code are files of their own. */
export default { serverExternalPackages: ['espalier', '@tensorflow/tfjs'] };
