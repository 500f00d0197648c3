import type { NodeJSKernelBackend } from '#tfjs-node';

export function registerTwins(_backend: NodeJSKernelBackend): void {}
