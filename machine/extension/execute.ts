/**
 * Carries out the calls of the extension table. Outcomes are written, or compared where the row has them already; of a
 * working element only words 0..4 are read and written.
 * Source: docs/spec/machine.md, section Calls; machine/extension/README.md.
 */
import {
  add,
  DEGREE,
  type Extension,
  equals,
  fromBase,
  inverse,
  isZero,
  multiply,
  multiplyByBase,
  read,
  subtract,
  ZERO,
} from '../../stark/field/extension.ts';
import { ROW_WORDS } from '../buses.ts';
import { readWords, requireOutputPointer, requireRow, requireZero } from '../callRows.ts';
import type { Call, Memory } from '../callTable.ts';
import { MachineError } from '../errors.ts';
import { MAXIMUM_LOG_HEIGHT } from './air.ts';
import {
  combinePacked,
  dotWithTensor,
  evaluatePacked,
  foldArity,
  foldRows,
  powersOf,
  type Tensor,
  tensorOf,
  unpack,
} from './arithmetic.ts';
import { EXTRA_WORD, PACKED_ELEMENTS, SLOT_WORDS } from './columns.ts';
import { EXTENSION_TAG } from './tags.ts';

function failed(call: Call, details: Readonly<Record<string, number | string>>): MachineError {
  return new MachineError('CALL_FAILED', { tag: call.tag, ...details });
}

function readElement(memory: Memory, pointer: number): Extension {
  return [
    memory.read(pointer),
    memory.read(pointer + 1),
    memory.read(pointer + 2),
    memory.read(pointer + 3),
    memory.read(pointer + 4),
  ];
}

function writeElement(memory: Memory, pointer: number, value: Extension): void {
  for (let word = 0; word < DEGREE; word++) memory.write(pointer + word, value[word]!);
}

function isKnown(memory: Memory, pointer: number): boolean {
  for (let word = 0; word < DEGREE; word++) if (!memory.isWritten(pointer + word)) return false;
  return true;
}

/** a * b + c = result, solved for the one element that is not written out; for the result when all are. */
function executeMultiplyAdd(memory: Memory, call: Call): number {
  const c = requireOutputPointer(call);
  const { a, b, d: result } = call;
  const isBase = call.tag === EXTENSION_TAG.MADD_BASE;
  requireRow(a);
  if (!isBase) requireRow(b);
  requireRow(result);
  const isOpenA = !isKnown(memory, a);
  const isOpenB = !isBase && !isKnown(memory, b);
  const isOpenC = !isKnown(memory, c);
  const isOpenResult = !isKnown(memory, result);
  // A row that stands open in two places leaves the relation open too.
  if (Number(isOpenA) + Number(isOpenB) + Number(isOpenC) + Number(isOpenResult) > 1)
    throw new MachineError('RELATION_OPEN', { tag: call.tag });

  if (isOpenA || isOpenB) {
    const difference = subtract(readElement(memory, result), readElement(memory, c));
    const known = isBase ? fromBase(b) : readElement(memory, isOpenA ? b : a);
    if (isZero(known)) throw new MachineError('DIVISION_BY_ZERO', { tag: call.tag });
    writeElement(memory, isOpenA ? a : b, multiply(difference, inverse(known)));
    return c;
  }
  const left = readElement(memory, a);
  const product = isBase ? multiplyByBase(left, b) : multiply(left, readElement(memory, b));
  if (isOpenC) writeElement(memory, c, subtract(readElement(memory, result), product));
  else writeElement(memory, result, add(product, readElement(memory, c)));
  return c;
}

function requireCount(call: Call): void {
  if (call.d < 1 || call.d > 2 ** MAXIMUM_LOG_HEIGHT)
    throw failed(call, { operand: 'D', expected: 'a row count', got: call.d });
}

/** Tensors by the pointer of their challenges, whose rows never change once written. */
export type Tensors = Map<number, Tensor>;

function readTensor(memory: Memory, pointer: number, tensors: Tensors): Tensor {
  const known = tensors.get(pointer);
  if (known !== undefined) return known;
  requireRow(pointer);
  const words = new Uint32Array(2 * ROW_WORDS - 1);
  readWords(memory, pointer, words);
  const tensor = tensorOf([read(words, 0), read(words, DEGREE), read(words, 2 * DEGREE)]);
  tensors.set(pointer, tensor);
  return tensor;
}

/** The sum over D rows of weight * (tensor of the challenges) . (8 words). */
function executeDot(memory: Memory, call: Call, tensors: Tensors): number {
  const out = requireOutputPointer(call);
  requireCount(call);
  requireRow(call.a);
  requireRow(call.b);
  const block = new Uint32Array(ROW_WORDS);
  let sum = ZERO;
  for (let row = 0; row < call.d; row++) {
    const weightPointer = call.b + row * ROW_WORDS;
    const tensor = readTensor(memory, memory.read(weightPointer + EXTRA_WORD.dotChallenges), tensors);
    readWords(memory, call.a + row * ROW_WORDS, block);
    sum = add(sum, multiply(readElement(memory, weightPointer), dotWithTensor(block, 0, tensor)));
  }
  writeElement(memory, out, sum);
  return out;
}

/** The polynomial of 8 * D packed coefficients, constant first, at the base element B. */
function executeEvaluate(memory: Memory, call: Call): number {
  const out = requireOutputPointer(call);
  requireCount(call);
  requireRow(call.a);
  const powers = powersOf(call.b);
  const words = new Uint32Array(SLOT_WORDS);
  let value = ZERO;
  for (let group = call.d - 1; group >= 0; group--) {
    readWords(memory, call.a + group * SLOT_WORDS, words);
    value = evaluatePacked(words, powers, value);
  }
  writeElement(memory, out, value);
  return out;
}

/** Folds the packed leaf at beta / y, once the carried value stands at its place. */
function executeFold(memory: Memory, call: Call): number {
  const out = requireOutputPointer(call);
  requireRow(call.a);
  requireRow(call.b);
  if (call.d < 2 || call.d > 15)
    throw failed(call, { operand: 'D', expected: 'elements of the leaf plus the place', got: call.d });
  const arity = foldArity(call.d);
  const words = new Uint32Array(arity * DEGREE);
  readWords(memory, call.a, words);
  const values = unpack(words, arity);
  if (!equals(readElement(memory, call.b), values[call.d - arity]!))
    throw failed(call, { reason: 'the carried value is not at its place in the leaf' });
  const challenge = memory.read(call.b + EXTRA_WORD.foldChallenge);
  requireRow(challenge);
  const z = multiplyByBase(readElement(memory, challenge), memory.read(call.b + EXTRA_WORD.foldInversePoint));
  writeElement(memory, out, foldRows(values, z).at(-1)!.joined[0]!);
  return out;
}

/** Writes the 8 packed elements of 5 rows to a row each. */
function executeUnpack(memory: Memory, call: Call): number {
  const out = requireOutputPointer(call);
  requireZero(call, 'd');
  requireRow(call.a);
  if (call.b !== out) throw failed(call, { operand: 'B', expected: out, got: call.b });
  const words = new Uint32Array(SLOT_WORDS);
  readWords(memory, call.a, words);
  unpack(words, PACKED_ELEMENTS).forEach((element, index) => {
    writeElement(memory, out + index * ROW_WORDS, element);
  });
  return out;
}

/** The sum over 8 * D packed elements of element * constant, 8 constants a row. */
function executeCombine(memory: Memory, call: Call): number {
  const out = requireOutputPointer(call);
  requireCount(call);
  requireRow(call.a);
  requireRow(call.b);
  const constants = new Uint32Array(ROW_WORDS);
  const words = new Uint32Array(SLOT_WORDS);
  let sum = ZERO;
  for (let group = 0; group < call.d; group++) {
    readWords(memory, call.a + group * ROW_WORDS, constants);
    readWords(memory, call.b + group * SLOT_WORDS, words);
    sum = combinePacked(words, constants, sum);
  }
  writeElement(memory, out, sum);
  return out;
}

/** Carries out a call; returns operand C. Throws: MachineError. */
export function executeExtension(memory: Memory, call: Call, tensors: Tensors): number {
  switch (call.tag) {
    case EXTENSION_TAG.DOT8:
      return executeDot(memory, call, tensors);
    case EXTENSION_TAG.EVAL8:
      return executeEvaluate(memory, call);
    case EXTENSION_TAG.FOLD8:
      return executeFold(memory, call);
    case EXTENSION_TAG.UNPACK8:
      return executeUnpack(memory, call);
    case EXTENSION_TAG.COMBINE8:
      return executeCombine(memory, call);
    default:
      return executeMultiplyAdd(memory, call);
  }
}
