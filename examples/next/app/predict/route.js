/** POST an image, get what the model finds; the model lies at MODEL on the server. */
import { EspalierError, openModel } from 'espalier/predict';

let opened;
const MAX_BYTES = 20e6;

export async function POST(request) {
  const image = new Uint8Array(await request.arrayBuffer());
  if (image.length === 0 || image.length > MAX_BYTES)
    return Response.json({ error: `send an image of at most ${MAX_BYTES} bytes` }, { status: 413 });
  try {
    opened ??= openModel(process.env.MODEL ?? 'model.bundle');
    const model = await opened;
    return Response.json({ runtime: model.runtime, found: await model.predict(image, { signal: request.signal }) });
  } catch (error) {
    if (error instanceof EspalierError) return Response.json({ error: error.message }, { status: 422 });
    throw error;
  }
}
