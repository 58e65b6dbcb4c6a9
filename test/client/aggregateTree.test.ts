/** Trees of aggregates over toy proofs: shapes, order of work, and refusals that name the child before anything is proved. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { entriesOf } from '../../client/aggregateService.ts';
import {
  type AggregateHost,
  checkChildren,
  type NamedProof,
  type NodeReport,
  proveTree,
  TreeError,
} from '../../client/aggregateTree.ts';
import { formatDigest } from '../../client/jsonFields.ts';
import { leavesOf } from '../../client/proofFile.ts';
import { verifyProofFile } from '../../client/verifyFile.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import type { Program } from '../../machine/program.ts';
import { aggregateStatement } from '../../programs/aggregate/aggregateStatement.ts';
import { AggregationError } from '../../programs/aggregate/errors.ts';
import type { AggregationAnswer } from '../../server/api/aggregationSchemas.ts';
import { keyDigest } from '../../stark/keys.ts';
import { TEST_ONLY_LEAF } from '../../stark/profile.ts';
import {
  blockNumberOf,
  TOY_KNOWN,
  type ToyPublished,
  toyClaim,
  toyPublished,
} from '../support/toyPublished.ts';

let published: ToyPublished;
let children: NamedProof[];

before(async () => {
  published = await toyPublished();
  children = [];
  for (let block = 1; block <= 5; block++)
    children.push({ name: `${block}.proof`, file: await published.columnFile(toyClaim(BigInt(block))) });
});

/** States what the aggregate program would, without running it; the execution carries the statement to the toy prover. */
function toyHost(refusedChild?: number): AggregateHost {
  return {
    program: {} as Program,
    profile: TEST_ONLY_LEAF.name,
    run(below) {
      if (refusedChild !== undefined)
        throw new AggregationError('CHILD_NOT_VERIFIED', {
          child: refusedChild,
          check: 'ASSERTION',
          source: 'verifyChild.ts:1',
        });
      const recursive = published.keys.aggregate?.recursiveKeyDigest ?? new Uint32Array(0);
      const statement = aggregateStatement(
        recursive,
        below.map(
          (child) =>
            child.inner ?? { kind: 'leaf', keyDigest: keyDigest(child.key), statement: child.statement },
        ),
      );
      return { execution: { statement } as ExecutionTrace, statement };
    },
  };
}

const MEASURES: NodeReport['measures'] = {
  adapter: 'toy',
  cycles: 1,
  tables: [],
  cells: 0,
  stages: [],
  totalSeconds: 0,
  deviceSeconds: 0,
  peakDeviceBytes: 0,
};

async function build(
  count: number,
  fanIn: number,
  host = toyHost(),
): Promise<{ root: NamedProof; reports: NodeReport[] }> {
  const reports: NodeReport[] = [];
  const root = await proveTree(
    children.slice(0, count),
    fanIn,
    host,
    async (_, { statement }) => ({
      proofBytes: (await published.proofOf('aggregate', statement)).proofBytes,
      statement,
      measures: MEASURES,
    }),
    published.keys,
    TOY_KNOWN,
    async (report) => {
      reports.push(report);
    },
  );
  return { root, reports };
}

/** A service's answer about a tree: each node's children, as 'c' or 'n' and a number. */
function answered(...nodes: readonly (readonly string[])[]): AggregationAnswer {
  return {
    nodes: nodes.map((parts) => ({
      role: 'aggregate',
      children: parts.map((part) => ({
        kind: part.startsWith('c') ? 'child' : 'node',
        number: Number(part.slice(1)),
      })),
    })),
  } as unknown as AggregationAnswer;
}

describe('a tree that a service proved', () => {
  it('stands in the file as the service says, over exactly the children that were sent', async () => {
    const files = children.slice(0, 3).map(({ file }) => file);
    const entries = entriesOf(answered(['c0', 'c1'], ['n0', 'c2']), files);
    const verdict = verifyProofFile(published.keys, TOY_KNOWN, await published.aggregateFile(entries));
    assert.ok(verdict.ok);
    assert.deepEqual(
      verdict.leaves.map(({ statement }) => statement),
      files.map(({ statement }) => statement),
    );
    for (const answer of [
      answered(['c0', 'c1']),
      answered(['c0', 'c1'], ['n0', 'c1']),
      answered(['c0', 'c1', 'c3'], ['n0', 'c2']),
      answered(['n1', 'c1'], ['n0', 'c2']),
      answered(['n0']),
      answered(),
    ])
      assert.throws(() => entriesOf(answer, files), { code: 'UNEXPECTED_ANSWER' });
  });
});

describe('trees of aggregates', () => {
  it('of any shape flatten to the same leaves', async () => {
    const leaves = (root: NamedProof): string[] =>
      leavesOf(root.file.entries ?? []).map(({ statement }) => formatDigest(statement));
    const expected = children.map(({ file }) => formatDigest(file.statement));
    for (const [fanIn, nodes] of [
      [2, ['node 1.1', 'node 1.2', 'node 2.1', 'node 3.1']],
      [4, ['node 1.1', 'node 2.1']],
      [5, ['node 1.1']],
      [64, ['node 1.1']],
    ] as const) {
      const { root, reports } = await build(5, fanIn);
      assert.deepEqual(
        reports.map(({ node }) => node),
        nodes,
      );
      assert.deepEqual(leaves(root), expected);
      const verdict = verifyProofFile(published.keys, TOY_KNOWN, root.file);
      assert.ok(verdict.ok);
      assert.equal(blockNumberOf(verdict.leaves[4]?.claim), 5n);
    }
    // A leaf that is left over goes up as it is: three levels over five, the last leaf right below the root.
    const { root } = await build(5, 2);
    assert.deepEqual(
      root.file.entries?.map(({ kind }) => kind),
      ['inner', 'leaf'],
    );
    assert.equal((await build(1, 2)).reports.length, 1);
    await assert.rejects(build(0, 2), RangeError);
    await assert.rejects(build(2, 1), RangeError);
  });

  it('refuse a child by name before anything is proved', async () => {
    const [first, second] = children as [NamedProof, NamedProof];
    const refuses = (list: readonly NamedProof[], code: string, child: string): void => {
      assert.throws(
        () => checkChildren(list, published.keys, TOY_KNOWN),
        (error) => {
          assert.ok(error instanceof TreeError, String(error));
          assert.equal(error.code, code);
          assert.equal(error.details['child'], child);
          return true;
        },
      );
    };
    checkChildren(children, published.keys, TOY_KNOWN);
    assert.throws(() => checkChildren([], published.keys, TOY_KNOWN), { code: 'NO_ENTRIES' });
    refuses([first, second, { ...first, name: 'copy.proof' }], 'DUPLICATE_CHILD', 'copy.proof');
    const flipped = first.file.proofBytes.slice();
    flipped[100] = (flipped[100] ?? 0) ^ 1;
    const bad = { name: 'bad.proof', file: { ...first.file, proofBytes: flipped } };
    refuses([second, bad], 'PROOF_REJECTED', 'bad.proof');
    refuses(
      [{ name: 'weak.proof', file: { ...first.file, profile: 'TEST_ONLY_INNER' } }],
      'KEY_NOT_PUBLISHED',
      'weak.proof',
    );
    refuses(
      [{ name: 'key.proof', file: { ...first.file, keyDigest: second.file.statement } }],
      'KEY_MISMATCH',
      'key.proof',
    );
    const other = await published.proofOf('other', first.file.statement);
    refuses([{ name: 'other.proof', file: other }], 'LEAF_NOT_ALLOWED', 'other.proof');
  });

  it('name node and child when the program refuses one', async () => {
    await assert.rejects(build(5, 2, toyHost(1)), (error) => {
      assert.ok(error instanceof TreeError, String(error));
      assert.equal(error.code, 'CHILD_NOT_VERIFIED');
      assert.deepEqual(error.details, {
        node: 'node 1.1',
        child: '2.proof',
        check: 'ASSERTION',
        source: 'verifyChild.ts:1',
      });
      return true;
    });
  });

  it('refuse a node that does not verify', async () => {
    const wrong: AggregateHost = {
      ...toyHost(),
      run: () => {
        const statement = Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
        return { execution: { statement } as ExecutionTrace, statement };
      },
    };
    await assert.rejects(build(2, 2, wrong), { code: 'STATEMENT_MISMATCH' });
  });
});
