import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A file of the page: its type and its bytes. */
export interface Page {
  readonly type: string;
  readonly body: string | Uint8Array;
}

/** Serves files made by path, to this machine's own browser alone: requests under any other name are refused. */
export async function serve(find: (path: string) => Page | null): Promise<{ readonly url: string; close(): void }> {
  const server: Server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    const isOwn = request.headers.host === `127.0.0.1:${port}` && request.method === 'GET';
    const page = isOwn ? find(new URL(request.url ?? '/', 'http://127.0.0.1').pathname) : null;
    response.writeHead(page ? 200 : isOwn ? 404 : 403, { 'content-type': page?.type ?? 'text/plain' });
    response.end(page?.body ?? 'no such file');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
