/** Runs a program and counts: cycles, rows and cells of its tables, and the bytes that a proof takes on the device. */
import { proofMemory } from '../../kernels/memoryNeed.ts';
import { BUS } from '../../machine/buses.ts';
import { MachineError } from '../../machine/errors.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import { rangeAir } from '../../machine/range/air.ts';
import { COLONNADE_MACHINE, PROGRAM_SLOT, prepareProgram, run } from '../../machine/system.ts';
import { estimateRequestSchema } from '../api/schemas.ts';
import type { ServedPrograms } from '../programs.ts';
import { parseJson, refusalOf, served } from '../proofRequest.ts';
import type { ServedProfile } from '../services.ts';
import { tableCells } from '../tracer/cells.ts';
import { isTooLarge, measureTables } from '../tracer/tracer.ts';
import { parseOrRefuse } from '../validation.ts';
import type { EstimateTask, RunSize } from './estimator.ts';

export function sizeOfRun(
  programs: ServedPrograms,
  profiles: ReadonlyMap<string, ServedProfile>,
  { json, limits }: EstimateTask,
): RunSize {
  try {
    const {
      program: name,
      profile: profileName,
      inputs,
    } = parseOrRefuse(estimateRequestSchema, parseJson(json), 'body');
    const program = served(programs, name, 'program');
    const { profile } = served(profiles, profileName, 'profile');
    const guest = program.program();
    const parsed = program.parseInputs(inputs);
    // Refuses what a submission would be refused for.
    program.statementOf(parsed);
    const execution = run(guest, program.hintsOf(parsed));
    const logHeights = logHeightsOf(execution, prepareProgram(guest).logHeight);
    return {
      ok: true,
      program: name,
      profile: profileName,
      cycles: execution.pc.length,
      tables: measureTables(logHeights),
      memory: limits === undefined ? undefined : proofMemory(COLONNADE_MACHINE, profile, logHeights, limits),
    };
  } catch (error) {
    if (!(error instanceof MachineError)) return refusalOf(error);
    const { code, message: detail, details } = error;
    return {
      ok: false,
      code: isTooLarge(error) ? 'job-too-large' : 'inputs-refused',
      detail,
      details: { machineError: code, ...details },
    };
  }
}

/** One a slot; the range table is there when another table looks values up in it. */
function logHeightsOf(execution: ExecutionTrace, programLogHeight: number): (number | undefined)[] {
  const decided = new Map(tableCells(execution).map(({ table, logHeight }) => [table, logHeight]));
  const hasRangeLookups = COLONNADE_MACHINE.tables.some(
    ({ name, interactions }) => decided.has(name) && interactions.some(({ bus }) => bus === BUS.RANGE),
  );
  return COLONNADE_MACHINE.tables.map((table, slot) => {
    if (slot === PROGRAM_SLOT) return programLogHeight;
    if (table === rangeAir) return hasRangeLookups ? rangeAir.minimumLogHeight : undefined;
    return decided.get(table.name);
  });
}
