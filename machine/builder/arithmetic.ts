/** Arithmetic of programs as relations between operands; constants are computed while building. */
import * as field from '../../stark/field/koalaBear.ts';
import type { ArithmeticBuilder } from '../builder.ts';
import { type Target, targetAfter } from './areas.ts';
import { type Core, cellValue, constantOf } from './core.ts';
import { badProgram } from './fragment.ts';
import { type Input, targetOf, type Value } from './values.ts';

/** Where pointer + distance leads; distances above p / 2 are negative. */
function targetOfSum(pointer: Value, distance: Value): Target | undefined {
  const target = targetOf(pointer);
  if (target === undefined || targetOf(distance) !== undefined) return target && 'anywhere';
  if (distance.kind !== 'constant') return targetAfter(target, undefined);
  return targetAfter(
    target,
    distance.value > field.MODULUS / 2 ? distance.value - field.MODULUS : distance.value,
  );
}

export function arithmeticMethods(core: Core): ArithmeticBuilder {
  type Relation = 'isAdd' | 'isMul';

  /** left (operation) right in a fresh cell. */
  function forward(operation: Relation, left: Input, right: Input): Value {
    const [a, b] = [core.local(left), core.local(right)];
    if (a.kind === 'constant' && b.kind === 'constant')
      return constantOf(
        operation === 'isAdd' ? field.add(a.value, b.value) : field.multiply(a.value, b.value),
      );
    const target = targetOfSum(a, b) ?? targetOfSum(b, a);
    const c = cellValue(core.newCell(), operation === 'isAdd' ? target : target && 'anywhere');
    core.emit(operation, { a, b, c });
    return c;
  }

  /** The fresh cell x with x (operation) right = total. */
  function backward(operation: Relation, total: Input, right: Input): Value {
    const [c, b] = [core.local(total), core.local(right)];
    if (b.kind === 'constant' && c.kind === 'constant')
      return constantOf(
        operation === 'isAdd'
          ? field.subtract(c.value, b.value)
          : field.multiply(c.value, field.inverse(b.value)),
      );
    const distance = b.kind === 'constant' ? constantOf(field.subtract(0, b.value)) : b;
    const target = targetOfSum(c, distance) ?? (targetOf(b) && 'anywhere');
    const a = cellValue(core.newCell(), operation === 'isAdd' ? target : target && 'anywhere');
    core.emit(operation, { a, b, c });
    return a;
  }

  const methods: ArithmeticBuilder = {
    constant: constantOf,
    add: (left, right) => forward('isAdd', left, right),
    subtract: (left, right) => backward('isAdd', left, right),
    multiply: (left, right) => forward('isMul', left, right),
    divide(dividend, divisor) {
      const known = core.local(divisor);
      if (known.kind === 'constant' && known.value === 0) throw badProgram('a division by the constant 0');
      return backward('isMul', dividend, divisor);
    },
    weightedSum(terms, weights) {
      if (terms.length !== weights.length)
        throw badProgram(`${terms.length} terms have ${weights.length} weights`);
      let sum: Value = constantOf(0);
      terms.forEach((term, index) => {
        const weighted =
          weights[index] === 1 ? core.local(term) : methods.multiply(term, weights[index] ?? 0);
        sum = sum.kind === 'constant' && sum.value === 0 ? weighted : methods.add(sum, weighted);
      });
      return sum;
    },
    assertEqual(left, right) {
      core.emit('isAdd', { a: core.local(left), b: constantOf(0), c: core.local(right) });
    },
    assertNonzero(value) {
      core.emit('isMul', { a: core.local(value), b: cellValue(core.newCell()), c: constantOf(1) });
    },
    assertBoolean(value) {
      const local = core.local(value);
      core.emit('isMul', { a: local, b: local, c: local });
    },
  };
  return methods;
}
