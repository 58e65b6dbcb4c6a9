/** For how long there has been no prover. */
import type { Prover } from './prover.ts';

/** How often the prover's state is looked at. */
const SAMPLE_MS = 500;

export interface Availability {
  /** 0 while the prover is ready; since the start where it never was. */
  secondsWithoutProver(): number;
  close(): void;
}

export function watchAvailability(prover: Pick<Prover, 'state'>): Availability {
  let lastReadyMs = performance.now();
  const look = (): void => {
    if (prover.state().state === 'ready') lastReadyMs = performance.now();
  };
  const timer = setInterval(look, SAMPLE_MS).unref();
  return {
    secondsWithoutProver() {
      look();
      return prover.state().state === 'ready' ? 0 : (performance.now() - lastReadyMs) / 1000;
    },
    close: () => clearInterval(timer),
  };
}
