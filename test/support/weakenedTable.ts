/** Tables with a planted weakness, and what a declaration notices of it. */
import { isDeepStrictEqual } from 'node:util';
import type { Constraint, Interaction, Node, NodeId, TableAir } from '../../stark/air/air.ts';
import { negate } from '../../stark/field/koalaBear.ts';
import { booleanForms, decidedAlone, higherDegrees, rangeForms, speakingStates } from './constraintForms.ts';
import { rankOperation } from './jacobianRank.ts';
import { admitsAsDeclared, declaredUses, enumerateUses } from './selectorStates.ts';
import type { TableDeclaration } from './tableDeclaration.ts';

/** The first part of a declaration that the table does not fulfil; undefined when it fulfils all. */
export function firstDifference(declaration: TableDeclaration): string | undefined {
  const { air, ranges = {}, booleans = {}, degrees = {}, speaks = {}, alone = {} } = declaration;
  if (!isDeepStrictEqual(rangeForms(air), ranges)) return 'ranges';
  if (!isDeepStrictEqual(booleanForms(air), booleans)) return 'booleans';
  if (!isDeepStrictEqual(enumerateUses(declaration), declaredUses(declaration))) return 'uses';
  if (!isDeepStrictEqual(higherDegrees(declaration), degrees)) return 'degrees';
  if (!isDeepStrictEqual(speakingStates(declaration), speaks)) return 'speaks';
  if (!isDeepStrictEqual(decidedAlone(declaration), alone)) return 'alone';
  if (!admitsAsDeclared(declaration)) return 'states and choices';
  for (const operation of declaration.operations()) {
    const { freedom, unboundOutcomes } = rankOperation(declaration, operation);
    if (freedom !== operation.freedom || unboundOutcomes.length > 0) return `ranks of ${operation.name}`;
  }
  return undefined;
}

/** Builds expressions behind those that a table has. */
export interface Expressions {
  column(name: string, row?: 'current' | 'next'): NodeId;
  constant(value: number): NodeId;
  minus(left: NodeId, right: NodeId): NodeId;
  times(left: NodeId, right: NodeId): NodeId;
}

interface Weakening {
  /** Of the constraint or interaction that is changed. */
  readonly label: string;
  constraint?(expression: NodeId, expressions: Expressions): NodeId;
  /** Undefined leaves it out. */
  interaction?(interaction: Interaction, expressions: Expressions): Interaction | undefined;
}

/** The declaration with another table. Throws: RangeError when no constraint or interaction that can be changed has the label. */
export function weaken(
  declaration: TableDeclaration,
  { label, constraint, interaction }: Weakening,
): TableDeclaration {
  const { air } = declaration;
  const nodes: Node[] = [...air.graph.nodes];
  const push = (node: Node): NodeId => nodes.push(node) - 1;
  const expressions: Expressions = {
    column(name, row = 'current') {
      const column = air.mainColumns.indexOf(name);
      if (column < 0) throw new RangeError(`table ${air.name} has no column ${name}`);
      return push({ kind: 'main', column, row });
    },
    constant: (value) => push({ kind: 'constant', value: value < 0 ? negate(-value) : value }),
    minus: (left, right) => push({ kind: 'subtract', left, right }),
    times: (left, right) => push({ kind: 'multiply', left, right }),
  };
  let isChanged = false;
  const constraints = air.constraints.map((each): Constraint => {
    if (each.label !== label || constraint === undefined) return each;
    isChanged = true;
    return { label, expression: constraint(each.expression, expressions) };
  });
  const interactions = air.interactions.flatMap((each) => {
    if (each.label !== label || interaction === undefined) return [each];
    isChanged = true;
    return interaction(each, expressions) ?? [];
  });
  if (!isChanged) throw new RangeError(`table ${air.name} has nothing to change at '${label}'`);
  const changed: TableAir = { ...air, graph: { ...air.graph, nodes }, constraints, interactions };
  return { ...declaration, air: changed };
}
