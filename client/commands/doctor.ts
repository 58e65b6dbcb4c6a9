/** `colonnade doctor`: whether this machine can prove, on what, and what to install where it cannot. */
import { type AdapterKind, proverEnvironment } from '../../kernels/adapter.ts';
import type { ColumnInput } from '../../programs/column/input.ts';
import { columnInputToJson } from '../../programs/column/input.ts';
import { verifyingKeyOf } from '../../server/keys.ts';
import { keyDigest } from '../../stark/keys.ts';
import { LEAF } from '../../stark/profile.ts';
import { verify } from '../../stark/verifier.ts';
import { readKeys } from '../files.ts';
import { isSameDigest } from '../jsonFields.ts';
import { adapterChoice, DEVICE_OPTIONS, DEVICE_USAGE, startLocalProver } from '../localProver.ts';
import { findKey } from '../publishedKeys.ts';
import {
  type Command,
  clearBar,
  type ExitCode,
  print,
  printJson,
  readOptions,
  seconds,
  UsageError,
  wholeNumber,
} from '../terminal.ts';
import { productionSystem } from '../verifyFile.ts';
import { prepareRun } from './inputs.ts';

const USAGE = `Usage: colonnade doctor [options]

Checks Node, the published keys, the adapters, and proves and verifies a column of one transfer.

${DEVICE_USAGE}
  --no-proof                leave the self-test proof out
  --json
  --help

Exit status: 0 when everything works, else 1.`;

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do about it. */
  readonly advice?: string;
}

const LEAST_NODE: readonly [number, number] = [20, 19];

const ADVICE: Readonly<Record<AdapterKind, string>> = {
  hardware:
    'Hardware: install the GPU vendor\'s Vulkan driver; for NVIDIA in a container, give it the capability "graphics" so that nvidia_icd.json is there.',
  lavapipe:
    'Mesa lavapipe (software): apt-get install mesa-vulkan-drivers libvulkan1 on Debian 13 or Ubuntu 24.04 and later; Mesa 22 does not work.',
  swiftshader:
    'SwiftShader (software, slow): npm install; it comes with the package @sparticuz/chromium for Linux on x86-64.',
};

/** A transfer of one wei between two accounts. */
const SELF_TEST: ColumnInput = {
  chainId: 1n,
  blockNumber: 1n,
  baseFeePerGasWei: 7n,
  coinbase: `0x${'cc'.repeat(20)}`,
  blockGasLimit: 30_000_000n,
  transactionGasCap: 16_777_216n,
  transfers: [
    {
      chainId: 1n,
      from: `0x${'11'.repeat(20)}`,
      to: `0x${'22'.repeat(20)}`,
      nonce: 0n,
      gasLimit: 21_000n,
      maxFeePerGasWei: 9n,
      maxPriorityFeePerGasWei: 1n,
      valueWei: 1n,
    },
  ],
  accounts: ['11', '22'].map((byte) => ({
    address: `0x${byte.repeat(20)}`,
    nonce: 0n,
    balanceWei: 10n ** 18n,
    code: '0x',
  })),
};

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  return {
    check: 'node',
    ok,
    detail: `${process.versions.node} on ${process.platform} ${process.arch}`,
    ...(ok ? {} : { advice: `Install Node ${LEAST_NODE.join('.')} or later.` }),
  };
}

async function checkKeys(): Promise<Finding> {
  try {
    const keys = await readKeys(undefined, productionSystem());
    const own = await verifyingKeyOf(prepareRun('column', columnInputToJson(SELF_TEST)).program, LEAF);
    const published = findKey(keys.keys, 'column', LEAF.name);
    if (published === undefined || !isSameDigest(published.keyDigest, keyDigest(own)))
      throw new Error('the published key of column is not that of these sources');
    return { check: 'keys', ok: true, detail: `keys.json has ${keys.keys.length}, made for this machine` };
  } catch (error) {
    return {
      check: 'keys',
      ok: false,
      detail: error instanceof Error ? error.message : String(error),
      advice: 'Take keys.json and the sources from one release; colonnade keys rebuilds it from the sources.',
    };
  }
}

async function run(args: readonly string[]): Promise<ExitCode> {
  const { values, files } = readOptions(args, {
    ...DEVICE_OPTIONS,
    'no-proof': { type: 'boolean', default: false },
  });
  if (files.length > 0) throw new UsageError(`${files[0]}: no file is expected`);
  const adapter = adapterChoice(values.adapter);
  const mebibytes = wholeNumber(values['device-mebibytes'], '--device-mebibytes', 0, 2 ** 20);
  const findings: Finding[] = [];
  const found = (finding: Finding): void => {
    findings.push(finding);
    if (values.json) return;
    clearBar();
    print(`${finding.ok ? 'ok  ' : 'FAIL'} ${finding.check}: ${finding.detail}`);
    if (finding.advice !== undefined) for (const line of finding.advice.split('\n')) print(`     ${line}`);
  };
  found(checkNode());
  found(await checkKeys());
  let limits: unknown;
  try {
    const { kind, adapterName, rejected } = await proverEnvironment(adapter);
    const passed = rejected.map((each) => `${each.kind}: ${each.reason}`);
    const wanted = rejected.map((each) => ADVICE[each.kind]);
    found({
      check: 'adapter',
      ok: true,
      detail: [`${adapterName} (${kind})`, ...passed.map((each) => `passed over ${each}`)].join('; '),
      // Nobody needs an advice about hardware that works.
      ...(kind === 'hardware' || wanted.length === 0 ? {} : { advice: wanted.join('\n') }),
    });
    await checkDevice(kind, found, mebibytes, values['no-proof'] ? 'no proof' : 'proof', (each) => {
      limits = each;
    });
  } catch (error) {
    const rejected = (error as { details?: { rejected?: readonly { kind: AdapterKind }[] } }).details
      ?.rejected;
    const kinds = rejected?.map(({ kind }) => kind) ?? (Object.keys(ADVICE) as AdapterKind[]);
    found({
      check: 'adapter',
      ok: false,
      detail: error instanceof Error ? error.message : String(error),
      advice: kinds.map((kind) => ADVICE[kind]).join('\n'),
    });
  }
  const ok = findings.every((finding) => finding.ok);
  if (values.json) printJson({ ok, findings, ...(limits === undefined ? {} : { limits }) });
  return ok ? 0 : 1;
}

/** Starts the prover process there, prints its limits, proves and verifies. */
async function checkDevice(
  kind: AdapterKind,
  found: (finding: Finding) => void,
  mebibytes: number,
  proof: 'proof' | 'no proof',
  onLimits: (limits: unknown) => void,
): Promise<void> {
  const prover = await startLocalProver(kind, mebibytes);
  try {
    const { adapter, limits, startSeconds } = prover.ready;
    onLimits(limits);
    const parts = Object.entries(limits).map(([name, value]) => `${name} ${String(value)}`);
    found({
      check: 'device',
      ok: true,
      detail: `${adapter.name}${adapter.isSoftware ? ' (software: slow)' : ''}, ready after ${seconds(startSeconds)} s; ${parts.join(', ')}`,
    });
    if (proof === 'no proof') return;
    const { program, execution, statement } = prepareRun('column', columnInputToJson(SELF_TEST));
    const { proofBytes, measures } = await prover.prove('self-test', LEAF.name, program, execution);
    const start = performance.now();
    // Under the key of these sources: a fault of keys.json has been reported already.
    const key = await verifyingKeyOf(program, LEAF);
    const verdict = verify(key, statement, proofBytes, productionSystem().policy);
    found({
      check: 'self-test',
      ok: verdict.ok,
      detail: verdict.ok
        ? `column of one transfer: ${measures.cells.toLocaleString('en-US')} cells proved in ${seconds(measures.totalSeconds)} s, ${proofBytes.length.toLocaleString('en-US')} bytes, verified in ${seconds((performance.now() - start) / 1000)} s`
        : `the proof does not verify: ${verdict.reason} ${JSON.stringify(verdict.details)}`,
      ...(verdict.ok
        ? {}
        : { advice: 'The device computes wrong words: update its driver, or take another with --adapter.' }),
    });
  } finally {
    clearBar();
    await prover.close();
  }
}

export const DOCTOR: Command = { usage: USAGE, run };
