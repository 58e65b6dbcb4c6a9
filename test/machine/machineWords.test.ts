/** The machine's tables as the specification prints them: the digest from the nodes alone, and the listing as the same nodes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { COLONNADE_MACHINE } from '../../machine/system.ts';
import { machineDigest } from '../../stark/air/machineDigest.ts';
import { digest } from '../../stark/hash/digest.ts';
import {
  createListingParser,
  type MachineFile,
  machineFileWords,
  splitAtCommas,
  treeOfNode,
} from '../support/machineWords.ts';

const GENERATED = new URL('../../docs/spec/generated/', import.meta.url);
const file = JSON.parse(readFileSync(new URL('machine-words.json', GENERATED), 'utf8')) as MachineFile;
const listing = readFileSync(new URL('machine-tables.md', GENERATED), 'utf8');

/** Label MACHINE of docs/spec/proof-system.md, section 2. */
const MACHINE_LABEL = 11;

it('the digest of the words of machine-words.json is the machine digest', () => {
  const words = machineFileWords(file);
  assert.ok(words.length > 20_000, `${words.length} words`);
  assert.deepEqual(digest(MACHINE_LABEL, words), machineDigest(COLONNADE_MACHINE));
  assert.ok(listing.includes(`machine digest ${machineDigest(COLONNADE_MACHINE).join(' ')}.`));
});

it('every expression of machine-tables.md is the tree of its node', () => {
  let expressions = 0;
  for (const [slot, section] of listing
    .split(/^## Slot \d+: /m)
    .slice(1)
    .entries()) {
    const table = file.tables[slot]!;
    assert.ok(section.startsWith(`${table.name}\n`));
    const vectors = [...section.matchAll(/^\* `(.+)`$/gm)].map(([, line]) => line!);
    const parse = createListingParser(table, vectors);
    const [before, after] = section.split('Interactions (multiplicity × tuple):');
    const constraints = [...before!.matchAll(/^\d+\. (.+) \(degree \d\): `(.+)`$/gm)];
    assert.equal(constraints.length, table.constraints.length, table.name);
    for (const [index, [label, node]] of table.constraints.entries()) {
      const [, printedLabel, source] = constraints[index]!;
      assert.equal(printedLabel, label);
      assert.deepEqual(parse(source!), treeOfNode(table, node), `${table.name}: ${label}`);
      expressions++;
    }
    const interactions = [...after!.matchAll(/^\d+\. (.+), (\w+), weight ([01]): `(.+)` × `\((.*)\)`$/gm)];
    assert.equal(interactions.length, table.interactions.length, table.name);
    for (const [index, [label, bus, multiplicity, weight, values]] of table.interactions.entries()) {
      const [, printedLabel, busName, printedWeight, source, tuple] = interactions[index]!;
      assert.deepEqual([printedLabel, busName, Number(printedWeight)], [label, file.buses[bus]![0], weight]);
      const sources = [source!, ...splitAtCommas(tuple!)];
      assert.deepEqual(
        sources.map(parse),
        [multiplicity, ...values].map((node) => treeOfNode(table, node)),
        `${table.name}: ${label}`,
      );
      expressions += sources.length;
    }
  }
  assert.ok(expressions > 800, `${expressions} expressions`);
});
