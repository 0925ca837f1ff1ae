// What this editor looks at of the workers. It says so to the admin again and again, as long as somebody has the editor
// before him. No part of the editor is needed here.

/** ms between two times that it is said; it counts for 30 s. */
const RENEW = 10000;

/** What there is to look at. */
export const KINDS = ['debug', 'log', 'status'];
/** In place of a worker's id: all of them. */
export const EVERYONE = '*';

/**
 * - `viewer`: an id of this editor's own
 * - `post(body)`: asks the admin; resolves with `{ problem }`
 * - `onChange()`: another choice was made, or the admin has answered
 * - `isSeen()`: whether somebody can see the editor; where nobody can, workers cease to tell within 30 s
 */
export function createChoices({ viewer, post, onChange, isSeen }) {
  /** @type {Map<string, Set<string>>} kinds by the id of a worker */
  const chosen = new Map();
  let timer;
  let problem = '';
  let isSaying = false;
  let isToSayAgain = false;

  async function say() {
    isToSayAgain = true;
    if (isSaying) {
      return;
    }
    isSaying = true;
    // One after the other: the last one counts.
    while (isToSayAgain) {
      isToSayAgain = false;
      try {
        const watch = Object.fromEntries([...chosen].map(([worker, kinds]) => [worker, [...kinds]]));
        problem = (await post({ viewer, watch })).problem ?? '';
      } catch (error) {
        problem = error.message;
      }
    }
    isSaying = false;
    if (chosen.size === 0) {
      problem = '';
    }
    onChange();
  }

  function renew() {
    if (chosen.size > 0 && isSeen()) {
      say();
    }
  }

  return {
    /** Looks at this of a worker from now on, or no longer. */
    choose(worker, kind, isChosen) {
      const kinds = chosen.get(worker) ?? new Set();
      if (isChosen) {
        kinds.add(kind);
      } else {
        kinds.delete(kind);
      }
      if (kinds.size > 0) {
        chosen.set(worker, kinds);
      } else {
        chosen.delete(worker);
      }
      clearInterval(timer);
      timer = chosen.size > 0 ? setInterval(renew, RENEW) : undefined;
      say();
      onChange();
    },
    isChosen: (worker, kind) => chosen.get(worker)?.has(kind) ?? false,
    /** Those that something is looked at of, in the order in which they were chosen. */
    workers: () => [...chosen.keys()],
    /** Why nothing is shown; empty where nothing is wrong. */
    problem: () => problem,
    /** Says it again at once. */
    renew
  };
}
