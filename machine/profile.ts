/** Where a run spends its cycles: per function (or loop of a function) and per line of the program. */
import type { ExecutionTrace } from './executionTrace.ts';
import type { Program } from './program.ts';

export interface ProfileEntry {
  readonly name: string;
  readonly cycles: number;
}

export interface CycleProfile {
  readonly cycles: number;
  readonly sections: readonly ProfileEntry[];
  readonly lines: readonly ProfileEntry[];
  readonly calls: readonly ProfileEntry[];
}

function ranked(counts: ReadonlyMap<string, number>): ProfileEntry[] {
  return [...counts]
    .map(([name, cycles]) => ({ name, cycles }))
    .filter((entry) => entry.cycles > 0)
    .sort((left, right) => right.cycles - left.cycles || (left.name < right.name ? -1 : 1));
}

/** The profile of a run of this program, dearest first; calls are counted by tag. */
export function profileCycles(program: Program, trace: ExecutionTrace): CycleProfile {
  const counts = new Uint32Array(program.instructions.length);
  for (const pc of trace.pc) if (pc < counts.length) counts[pc]!++;
  const [sections, lines, calls] = [
    new Map<string, number>(),
    new Map<string, number>(),
    new Map<string, number>(),
  ];
  const count = (entries: Map<string, number>, name: string, cycles: number) =>
    entries.set(name, (entries.get(name) ?? 0) + cycles);
  for (const { name, start, end } of program.sections)
    for (let pc = start; pc < end; pc++) count(sections, name, counts[pc]!);
  counts.forEach((cycles, pc) => {
    if (cycles > 0) count(lines, program.sourceOf(pc), cycles);
  });
  for (const tag of trace.calls.tag) count(calls, `tag ${tag}`, 1);
  return { cycles: trace.pc.length, sections: ranked(sections), lines: ranked(lines), calls: ranked(calls) };
}
