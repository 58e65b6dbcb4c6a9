/** `colonnade prove`: a program's proof, made here or by a service, as a proof file. Nothing is written that does not verify. */

import { CAVEATS, describeClaim } from '../claims.ts';
import { isFinished } from '../client.ts';
import { readKeys, requireWritable, writeProofFile } from '../files.ts';
import { formatDigest } from '../jsonFields.ts';
import { adapterChoice, DEVICE_OPTIONS, DEVICE_USAGE, startLocalProver } from '../localProver.ts';
import type { ProofFile } from '../proofFile.ts';
import { ServiceError } from '../serviceError.ts';
import {
  type Command,
  clearBar,
  type ExitCode,
  outputPath,
  print,
  printJson,
  readOptions,
  required,
  say,
  seconds,
  showProgress,
  table,
  UsageError,
  wholeNumber,
} from '../terminal.ts';
import { formatBits, productionSystem } from '../verifyFile.ts';
import { INPUT_OPTIONS, INPUT_USAGE, type PreparedRun, prepareRun, readInputs } from './inputs.ts';
import { clientOf, failureOf, requireValid, submitOnce } from './through.ts';

const USAGE = `Usage: colonnade prove --inputs FILE --out FILE [options]

Proves a run of a program on this machine, or through a service with --url, verifies the proof against the published keys and writes a
proof file.

${INPUT_USAGE}
  --out FILE                the proof file
  --url URL                 a service instead of this machine's device
  --without-claim           leave the typed statement out of the file; its digest stays
  --keys FILE               published keys; default keys.json of this installation
${DEVICE_USAGE}
  --json
  --help`;

interface Made {
  readonly proofBytes: Uint8Array;
  readonly adapter: string;
  readonly cycles: number;
  readonly tables: readonly { readonly name: string; readonly rows: number; readonly cells: number }[];
  readonly stages: readonly { readonly name: string; readonly seconds: number }[];
  readonly proveSeconds: number;
}

async function run(args: readonly string[]): Promise<ExitCode> {
  const { values, files } = readOptions(args, {
    ...INPUT_OPTIONS,
    ...DEVICE_OPTIONS,
    out: { type: 'string' },
    url: { type: 'string' },
    keys: { type: 'string' },
    'without-claim': { type: 'boolean', default: false },
  });
  if (files.length > 0) throw new UsageError(`${files[0]}: --inputs and --out name files`);
  const out = required(outputPath(values.out, '--out'), '--out');
  const adapter = adapterChoice(values.adapter);
  const mebibytes = wholeNumber(values['device-mebibytes'], '--device-mebibytes', 0, 2 ** 20);
  await requireWritable(out);
  const system = productionSystem();
  const keys = await readKeys(values.keys, system);
  const { name, json } = await readInputs(values);
  const published = keys.keys.find(({ program }) => program === name);
  if (published === undefined) throw new UsageError(`--program: no key of ${name} is published`);
  const prepared = prepareRun(name, json);
  if (values.url === undefined) say(`${name}: ${prepared.execution.pc.length} cycles; starting the prover`);
  const made =
    values.url === undefined
      ? await proveHere(prepared, published.profile, adapter, mebibytes)
      : await proveThere(values.url, name, published.profile, json, prepared.statement);
  const file: ProofFile = {
    program: name,
    profile: published.profile,
    keyDigest: published.keyDigest,
    statement: prepared.statement,
    claim: values['without-claim'] ? undefined : prepared.claim,
    entries: undefined,
    proofBytes: made.proofBytes,
  };
  const { verifySeconds, ...bounds } = requireValid(keys, system, file);
  const fileBytes = await writeProofFile(out, file);
  const { proofBytes, ...measures } = made;
  if (values.json)
    printJson({
      ok: true,
      file: out,
      fileBytes,
      proofBytes: proofBytes.length,
      program: name,
      profile: published.profile,
      statement: formatDigest(prepared.statement),
      ...bounds,
      ...measures,
      executeSeconds: prepared.executeSeconds,
      verifySeconds,
    });
  else
    print(
      [
        ...(prepared.claim === undefined ? [] : describeClaim(prepared.claim, 'summary')),
        `${made.adapter}: ${seconds(made.proveSeconds)} s for ${made.cycles.toLocaleString('en-US')} cycles; verified in ${seconds(verifySeconds)} s, ${formatBits(bounds)}`,
        '',
        ...table([
          ['table', 'rows', 'cells'],
          ...made.tables.map((each) => [each.name, each.rows, each.cells]),
        ]),
        '',
        ...table([['stage', 'seconds'], ...made.stages.map((each) => [each.name, seconds(each.seconds)])]),
        '',
        `${out}: ${fileBytes.toLocaleString('en-US')} bytes, of which the proof ${proofBytes.length.toLocaleString('en-US')}; statement ${formatDigest(prepared.statement)}`,
        ...(CAVEATS[name] === undefined ? [] : ['', CAVEATS[name]]),
      ].join('\n'),
    );
  return 0;
}

async function proveHere(
  { name, program, execution }: PreparedRun,
  profile: string,
  adapter: ReturnType<typeof adapterChoice>,
  mebibytes: number,
): Promise<Made> {
  const prover = await startLocalProver(adapter, mebibytes);
  try {
    const { adapter: chosen } = prover.ready;
    say(`adapter ${chosen.name}${chosen.isSoftware ? ' (software: slow)' : ''}`);
    const { proofBytes, measures } = await prover.prove(name, profile, program, execution);
    return { proofBytes, ...measures, proveSeconds: measures.totalSeconds };
  } finally {
    clearBar();
    await prover.close();
  }
}

/** Throws: ServiceError; JobFailed. */
async function proveThere(
  url: string,
  program: string,
  profile: string,
  inputs: unknown,
  statement: Uint32Array,
): Promise<Made> {
  const client = clientOf(url);
  const start = performance.now();
  const submitted = await submitOnce((idempotencyKey) =>
    client.submitProof({ program, profile, inputs }, { idempotencyKey }),
  );
  say(`job ${submitted.id}`);
  const job = await client.waitForProof(submitted.id, (now) => {
    const { stage, fraction } = now.progress ?? { stage: now.state, fraction: isFinished(now) ? 1 : 0 };
    showProgress(`${now.state}: ${stage}`, fraction);
  });
  clearBar();
  if (job.state !== 'succeeded' || job.proof === undefined) throw failureOf('job', job);
  if (job.proof.statement !== formatDigest(statement))
    throw new ServiceError('UNEXPECTED_ANSWER', 'The service proved another statement than asked for.', {
      expected: formatDigest(statement),
      got: job.proof.statement,
    });
  const proofBytes = await client.downloadProof(job.id);
  const { adapter, cycles, tables, stages } = job.proof.measures;
  return {
    proofBytes,
    adapter: adapter.name,
    cycles,
    tables,
    stages,
    proveSeconds: (performance.now() - start) / 1000,
  };
}

export const PROVE: Command = { usage: USAGE, run };
