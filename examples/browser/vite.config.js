import { defineConfig } from 'vite';

/** Threads of WebAssembly need these two. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  server: { headers },
  preview: { headers },
  build: { target: 'es2022', rolldownOptions: { input: ['index.html', 'train.html'] } },
  optimizeDeps: { exclude: ['onnxruntime-web'] },
});
