/** Runs one thing at a time, again as long as somebody asked meanwhile: a group commit. */
export interface GroupCommit {
  /** Asks for a run that begins after now. */
  request(): void;
  /** Resolves when nothing runs or is asked for; rejects with the error of a run that failed. */
  drained(): Promise<void>;
}

/**
 * Makes a group commit. After a failed run nothing runs any more.
 * @param failed told of the failure at once, since nobody may be waiting
 */
export function createGroupCommit(run: () => Promise<void>, failed: (error: unknown) => void): GroupCommit {
  let asked = false;
  let running: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  const runAll = async (): Promise<void> => {
    while (asked && !failure) {
      asked = false;
      try {
        await run();
      } catch (error) {
        failure = { error };
        failed(error);
      }
    }
    running = undefined;
  };
  return {
    request: () => {
      asked = true;
      if (!failure) running ??= runAll();
    },
    drained: async () => {
      while (running) await running;
      if (failure) throw failure.error;
    },
  };
}
