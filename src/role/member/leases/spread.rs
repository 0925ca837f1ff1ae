//! How long to leave a free tab to others: the longer, the more tabs are held here.

use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

/// Between workers that hold equally many, the first is left to chance within this time.
const CHANCE: Duration = Duration::from_millis(40);
/// For each tab more than the least that anybody holds.
const STEP: Duration = Duration::from_millis(60);
/// The longest wait for a tab that has lost its worker: its timers stand still.
const LONGEST: Duration = Duration::from_millis(400);

/// The same for a tab that nobody was seen to have: at a start of all workers the others are only coming, and
/// what the first has taken stays with it.
const FIRST_CHANCE: Duration = Duration::from_millis(100);
const FIRST_STEP: Duration = Duration::from_millis(150);
const FIRST_LONGEST: Duration = Duration::from_millis(600);

/// The wait before a tab is tried that somebody had, by a worker with `mine` tabs among others of which one
/// has as few as `least`.
pub(super) fn after_loss(mine: usize, least: usize, random: &mut StdRng) -> Duration {
    grown(STEP, mine.saturating_sub(least), LONGEST) + chance(CHANCE, random)
}

/// The wait before a tab is tried that nobody was seen to have.
pub(super) fn at_first(mine: usize, random: &mut StdRng) -> Duration {
    grown(FIRST_STEP, mine, FIRST_LONGEST) + chance(FIRST_CHANCE, random)
}

fn grown(step: Duration, times: usize, longest: Duration) -> Duration {
    step.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX)).min(longest)
}

fn chance(within: Duration, random: &mut StdRng) -> Duration {
    within.mul_f64(random.random_range(0.0..=1.0))
}
