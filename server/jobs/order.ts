/** Which job goes first: the highest priority, then the earliest deadline, then the oldest. */
import type { Job } from './job.ts';

export function firstInLine(jobs: readonly Job[]): Job | undefined {
  return jobs.reduce<Job | undefined>(
    (first, job) => (first === undefined || goesBefore(job, first) ? job : first),
    undefined,
  );
}

function goesBefore(job: Job, other: Job): boolean {
  if (job.priority !== other.priority) return job.priority > other.priority;
  const deadlineMs = wantedByMs(job);
  const otherDeadlineMs = wantedByMs(other);
  if (deadlineMs !== otherDeadlineMs) return deadlineMs < otherDeadlineMs;
  return job.order < other.order;
}

function wantedByMs({ wantedByMs: byOthers, deadlineMs }: Job): number {
  return byOthers ?? deadlineMs ?? Number.POSITIVE_INFINITY;
}
