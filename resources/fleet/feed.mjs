// What is known of the instances, asked for while somebody looks and not otherwise.

/** ms between the moments at which something may be drawn. */
const BEAT = 1000;
/** ms until the next question for each instance there is, beside BEAT: 1,000 are asked after every 2 s. */
const FOR_EACH = 1;
/** ms until the next question where the last was refused. */
const REFUSED = 15000;

const NO_RIGHT = new Set([401, 403]);

/**
 * @typedef {object} Known
 * @property {'loading' | 'known' | 'not yet' | 'no right' | 'no answer'} status 'not yet': the admin itself has read nothing
 * @property {object | null} fleet the last answer, see docs/fleet.md; it stays where a later question has no answer
 * @property {number} age how old what it tells is, in ms
 * @property {string} problem why it is that old; empty where nothing is wrong
 */

/** `api.get('fleet')` again and again while `start()` has been called, and `draw(known)` at most once a second. */
export function createFeed(api, draw) {
  let timer;
  let isAsking = false;
  let status = 'loading';
  let fleet = null;
  let problem = '';
  let answered = 0;
  let askNext = 0;

  const known = () => ({
    status,
    fleet: status === 'not yet' ? null : fleet,
    age: fleet ? (fleet.asOf ?? 0) + (performance.now() - answered) : 0,
    // What the last answer said is over where there is no answer any more.
    problem: status === 'no answer' ? problem : problem || fleet?.problem || ''
  });

  async function ask() {
    isAsking = true;
    const asked = performance.now();
    let pause = BEAT;
    try {
      fleet = await api.get('fleet');
      answered = performance.now();
      status = fleet.asOf === null ? 'not yet' : 'known';
      problem = '';
      pause += fleet.instances.length * FOR_EACH;
    } catch (error) {
      const isRefused = NO_RIGHT.has(error.status);
      status = isRefused ? 'no right' : 'no answer';
      problem = error.status === 0 ? '' : error.message;
      if (isRefused) {
        fleet = null;
        pause = REFUSED;
      }
    }
    isAsking = false;
    askNext = asked + pause - BEAT / 2;
  }

  async function beat() {
    if (!isAsking && performance.now() >= askNext) {
      const first = status === 'loading';
      const asking = ask();
      if (first) {
        await asking;
      }
    }
    if (timer) {
      draw(known());
    }
  }

  return {
    known,
    start() {
      if (!timer) {
        timer = setInterval(beat, BEAT);
        askNext = 0;
        beat();
      }
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    }
  };
}
