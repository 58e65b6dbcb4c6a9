/** Shapes of trees, what of them is still to be proved, and how their time adds up. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FAN_IN, type Part, planTree, type TreePlan } from '../../server/aggregation/tree.ts';
import { neededParts, readyNodes, secondsOnProvers, treeTimes } from '../../server/aggregation/treeState.ts';

const leaf = (number: number): Part => ({ kind: 'leaf', number });
const node = (number: number): Part => ({ kind: 'node', number });

function aggregateOf(leafCount: number, fanIn: number): TreePlan {
  return planTree({ kind: 'aggregate', leafCount, fanIn, isOfAggregates: false });
}

function blockOf(leafCount: number, fanIn: number, isOfAggregates = false): TreePlan {
  return planTree({ kind: 'block', leafCount, fanIn, isOfAggregates });
}

/** One character a part: leaves are digits, nodes are their children in brackets. */
function drawn(plan: TreePlan, part: Part = node(plan.nodes.length - 1)): string {
  if (part.kind === 'leaf') return String(part.number);
  const { role, children } = plan.nodes[part.number] ?? assert.fail();
  const name = role === 'aggregate' ? '' : role;
  return `${name}(${children.map((child) => drawn(plan, child)).join(' ')})`;
}

describe('shapes of trees', () => {
  it('aggregates in order, what is left over goes up', () => {
    for (const [leaves, fanIn, expected] of [
      [1, 2, '(0)'],
      [2, 2, '(0 1)'],
      [3, 2, '((0 1) 2)'],
      [5, 2, '(((0 1) (2 3)) 4)'],
      [8, 8, '(0 1 2 3 4 5 6 7)'],
      [9, 8, '((0 1 2 3 4 5 6 7) 8)'],
      [9, 9, '(0 1 2 3 4 5 6 7 8)'],
    ] as const)
      assert.equal(drawn(aggregateOf(leaves, fanIn)), expected);
  });

  it('blocks end in the block program, a shrunk and a final proof', () => {
    for (const [leaves, fanIn, expected] of [
      [1, 2, 'final(shrink(block((0))))'],
      [2, 2, 'final(shrink(block((0 1))))'],
      [3, 2, 'final(shrink(block((0 1) (2))))'],
      [5, 2, 'final(shrink(block(((0 1) (2 3)) (4))))'],
      [8, 2, 'final(shrink(block(((0 1) (2 3)) ((4 5) (6 7)))))'],
      [8, 8, 'final(shrink(block((0 1 2 3 4 5 6 7))))'],
      [9, 8, 'final(shrink(block((0 1 2 3 4 5 6 7) (8))))'],
    ] as const)
      assert.equal(drawn(blockOf(leaves, fanIn)), expected);
    assert.equal(drawn(blockOf(2, 2, true)), 'final(shrink(block(0 1)))');
    assert.equal(drawn(blockOf(3, 2, true)), 'final(shrink(block((0 1) 2)))');
  });

  it('every leaf once and in order, children first, levels ascend', () => {
    for (const kind of ['aggregate', 'block'] as const)
      for (let fanIn = FAN_IN.least; fanIn <= FAN_IN.most; fanIn++)
        for (let leafCount = 1; leafCount <= 70; leafCount++) {
          const plan = planTree({ kind, leafCount, fanIn, isOfAggregates: false });
          const what = `${kind} of ${leafCount} by ${fanIn}`;
          const seen: number[] = [];
          const used = new Set<number>();
          const visit = (part: Part, level: number): void => {
            if (part.kind === 'leaf') return void seen.push(part.number);
            const own = plan.nodes[part.number] ?? assert.fail(what);
            assert.ok(own.level < level && own.children.length <= fanIn, what);
            assert.ok(!used.has(part.number), what);
            used.add(part.number);
            for (const child of own.children) {
              assert.ok(child.kind === 'leaf' || child.number < part.number, what);
              visit(child, own.level);
            }
          };
          visit(node(plan.nodes.length - 1), Number.POSITIVE_INFINITY);
          assert.deepEqual(
            seen,
            Array.from({ length: leafCount }, (_, number) => number),
            what,
          );
          assert.equal(used.size, plan.nodes.length, what);
          const block = plan.nodes.find(({ role }) => role === 'block');
          assert.equal(block !== undefined, kind === 'block', what);
          assert.ok(block?.children.every((child) => child.kind === 'node') ?? true, what);
        }
  });

  it('refuses no leaves and any other fan-in', () => {
    assert.throws(() => aggregateOf(0, 2), RangeError);
    for (const fanIn of [0, 1, 1.5, Number.NaN]) assert.throws(() => aggregateOf(3, fanIn), RangeError);
  });
});

describe('what is to be proved', () => {
  // ((0 1) (2 3)): nodes 0 and 1 below node 2.
  const plan = aggregateOf(4, 2);

  it('is everything at first, and nothing below a proof that is there', () => {
    assert.deepEqual(
      neededParts(plan, () => false),
      {
        nodes: new Set([2, 0, 1]),
        leaves: new Set([0, 1, 2, 3]),
      },
    );
    assert.deepEqual(
      neededParts(plan, (number) => number === 0),
      {
        nodes: new Set([2, 1]),
        leaves: new Set([2, 3]),
      },
    );
    assert.deepEqual(
      neededParts(plan, (number) => number === 2),
      { nodes: new Set(), leaves: new Set() },
    );
  });

  it('starts where all children are proved', () => {
    const ready = (leaves: readonly number[], proved: readonly number[]): number[] =>
      readyNodes(
        plan,
        (number) => !proved.includes(number),
        ({ kind, number }) => (kind === 'leaf' ? leaves : proved).includes(number),
      );
    assert.deepEqual(ready([], []), []);
    assert.deepEqual(ready([0, 1, 3], []), [0]);
    assert.deepEqual(ready([0, 1, 2, 3], []), [0, 1]);
    assert.deepEqual(ready([0, 1, 2, 3], [0]), [1]);
    assert.deepEqual(ready([0, 1, 2, 3], [0, 1]), [2]);
    assert.deepEqual(ready([], [0, 1]), [2]);
  });

  it('takes the sum of its parts, or the longest way', () => {
    const seconds = new Map([
      ['leaf 0', 1],
      ['leaf 3', 5],
      ['node 0', 10],
      ['node 1', 8],
      ['node 2', 20],
    ]);
    const { busySeconds, criticalPathSeconds, criticalPath } = treeTimes(plan, ({ kind, number }) =>
      seconds.get(`${kind} ${number}`),
    );
    assert.equal(busySeconds, 44);
    assert.equal(criticalPathSeconds, 33);
    assert.deepEqual(criticalPath, [leaf(3), node(1), node(2)]);
    assert.equal(treeTimes(plan, () => undefined).criticalPathSeconds, 0);
  });

  it('takes as long as its provers are few', () => {
    const one = () => 1;
    const onProvers = (tree: TreePlan, provers: number): number => secondsOnProvers(tree, one, provers);
    // 4 leaves, 2 nodes, the root.
    assert.deepEqual(
      [1, 2, 4, 8].map((provers) => onProvers(plan, provers)),
      [7, 4, 3, 3],
    );
    for (const leaves of [1, 2, 5, 8, 9])
      for (const tree of [aggregateOf(leaves, 2), blockOf(leaves, 3)]) {
        const { busySeconds, criticalPathSeconds } = treeTimes(tree, one);
        assert.equal(onProvers(tree, 1), busySeconds);
        assert.equal(onProvers(tree, 64), criticalPathSeconds);
        const some = onProvers(tree, 2);
        assert.ok(some <= busySeconds && some >= criticalPathSeconds && some >= busySeconds / 2);
      }
    assert.equal(
      secondsOnProvers(plan, () => undefined, 2),
      0,
    );
  });
});
