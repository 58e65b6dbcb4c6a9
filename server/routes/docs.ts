/** The OpenAPI document and a page that shows it; the page loads nothing from anywhere else. */
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { openApiDocument } from '../api/openapi.ts';
import { ROUTES } from '../api/routes.ts';
import { BUILD } from '../build.ts';
import { serve } from '../http/serve.ts';

const PAGE = readFileSync(new URL('./docs.html', import.meta.url), 'utf8');
const PAGE_POLICY =
  "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

export async function docsRoutes(app: FastifyInstance): Promise<void> {
  const document = JSON.stringify(openApiDocument(BUILD.version));
  serve(app, ROUTES.getOpenApi, (_request, reply) => reply.type('application/json').send(document));
  serve(app, ROUTES.getDocs, (_request, reply) =>
    reply.header('content-security-policy', PAGE_POLICY).type('text/html; charset=utf-8').send(PAGE),
  );
}
