/** The columns' proofs: each is downloaded and verified here against the statement that is computed here. */
import { createHash } from 'node:crypto';
import type { ColumnBlock } from '../chain/blockInput.ts';
import type { ColonnadeClient } from '../client/client.ts';
import { executeColumn } from '../programs/column/execute.ts';
import { type ColumnStatement, columnStatementDigest } from '../programs/column/statement.ts';
import { formatStatement } from '../server/api/schemas.ts';
import type { VerifyingKey } from '../stark/keys.ts';
import { productionPolicy, verify } from '../stark/verifier.ts';
import type { ColumnReport } from './demoReport.ts';

/** A column and the job that proves it. */
export interface SubmittedColumn {
  readonly column: ColumnBlock;
  readonly id: string;
}

export interface ProvedColumn {
  readonly report: ColumnReport;
  readonly statement: ColumnStatement;
  readonly provableBits: number;
}

/** Waits for a column's proof and verifies it. Throws: Error when anything is wrong. */
export async function finishColumn(
  client: ColonnadeClient,
  { id, column }: SubmittedColumn,
  place: string,
  key: VerifyingKey,
  say: (text: string) => void,
): Promise<ProvedColumn> {
  let said = '';
  const job = await client.waitForProof(id, ({ state, attempts }) => {
    const line = `column ${column.columnIndex} (${place}): ${state}${attempts > 1 ? `, attempt ${attempts}` : ''}`;
    if (line !== said) say(line);
    said = line;
  });
  if (job.state !== 'succeeded' || job.proof === undefined)
    throw new Error(`job ${id} ${job.state}: ${JSON.stringify(job.failure)}`);
  const statement = executeColumn(column);
  const digest = columnStatementDigest(statement);
  if (job.proof.statement !== formatStatement(digest))
    throw new Error('the job states something else than the column');
  const bytes = await client.downloadProof(id);
  const start = performance.now();
  const verdict = verify(key, digest, bytes, productionPolicy());
  const verifySeconds = (performance.now() - start) / 1000;
  if (!verdict.ok)
    throw new Error(`the proof does not verify: ${verdict.reason} ${JSON.stringify(verdict.details)}`);
  const skipped: Record<string, number> = {};
  for (const { status } of statement.transfers) {
    if (status !== 'executed') skipped[status] = (skipped[status] ?? 0) + 1;
  }
  return {
    statement,
    provableBits: job.proof.provableBits,
    report: {
      column: column.columnIndex,
      transactions: statement.transfers.length,
      executed: statement.transfers.filter(({ status }) => status === 'executed').length,
      skipped,
      statement: job.proof.statement,
      attempts: job.attempts,
      proofBytes: bytes.byteLength,
      proofSha256: createHash('sha256').update(bytes).digest('hex'),
      serviceVerifySeconds: job.proof.verifySeconds,
      verifySeconds,
      measures: job.proof.measures,
    },
  };
}
