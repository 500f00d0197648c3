import { openRun, ready } from 'espalier/node';

export const dynamic = 'force-dynamic';
export async function GET() {
  const { description } = await ready();
  return Response.json({ description, openRun: typeof openRun });
}
