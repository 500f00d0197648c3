import { createServer } from 'node:net';
import { ConfigError } from '../../engine/errors.js';

/** Errors of listening that no other port or time would mend. */
const PROBLEMS: { readonly [code: string]: string } = {
  EADDRINUSE: 'is in use: is another process of this task running? Otherwise give it another port, in every --cluster',
  EACCES: 'may not be opened by this user: take one from 1024',
};

/**
 * TensorFlow would share a port with whoever has it and both would get half of the messages, so this process asks first.
 *
 * @param address `host:port` of this process
 * @throws ConfigError when the port cannot be had
 */
export async function requireFreePort(address: string): Promise<void> {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, exclusive: true }, resolve);
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new ConfigError(`port ${port} of ${address} ${PROBLEMS[code] ?? `cannot be opened (${code})`}`);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
