//! The clock by which leases are counted here. The monotonic one stands still while the machine sleeps, in which the
//! server's goes on; the time of day goes on, too, but may be set.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// The two drift apart by less than this between two looks, as long as nothing has happened.
const DRIFT: Duration = Duration::from_millis(200);

/// Never slower than either of both clocks: a time of day that is set forward ends leases early, which does no harm.
#[derive(Debug)]
pub(super) struct Clock(Mutex<Looks>);

#[derive(Debug, Clone, Copy)]
struct Looks {
    monotonic: Instant,
    of_day: SystemTime,
    slept: Duration,
}

impl Clock {
    pub(super) fn new() -> Self {
        let (monotonic, of_day) = (Instant::now(), SystemTime::now());
        Self(Mutex::new(Looks { monotonic, of_day, slept: Duration::ZERO }))
    }

    /// The time, for leases alone.
    pub(super) fn now(&self) -> Instant {
        self.at(Instant::now(), SystemTime::now())
    }

    /// The same time by the clock of timers.
    pub(super) fn for_timer(&self, time: Instant) -> Instant {
        let slept = self.looks(|looks| looks.slept);
        time.checked_sub(slept).unwrap_or(time)
    }

    fn at(&self, monotonic: Instant, of_day: SystemTime) -> Instant {
        self.looks(|looks| {
            let passed = monotonic.saturating_duration_since(looks.monotonic);
            let of_day_passed = of_day.duration_since(looks.of_day).unwrap_or_default();
            let slept = of_day_passed.saturating_sub(passed);
            if slept > DRIFT {
                looks.slept += slept;
            }
            *looks = Looks { monotonic: looks.monotonic.max(monotonic), of_day, ..*looks };
            monotonic + looks.slept
        })
    }

    fn looks<T>(&self, act: impl FnOnce(&mut Looks) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_machine_has_slept_counts_and_a_clock_that_is_set_back_does_not() {
        let clock = Clock::new();
        let Looks { monotonic, of_day, .. } = clock.looks(|looks| *looks);
        let seconds = Duration::from_secs;
        assert_eq!(clock.at(monotonic + seconds(1), of_day + seconds(1)), monotonic + seconds(1));
        let slept = clock.at(monotonic + seconds(2), of_day + seconds(62));
        assert_eq!(slept, monotonic + seconds(62));
        assert_eq!(clock.for_timer(slept), monotonic + seconds(2));
        let back = clock.at(monotonic + seconds(3), of_day);
        assert_eq!(back, monotonic + seconds(63));
        assert_eq!(clock.at(monotonic + seconds(4), of_day + seconds(1)), monotonic + seconds(64));
    }

    #[test]
    fn small_steps_of_the_time_of_day_are_no_sleep() {
        let clock = Clock::new();
        let Looks { monotonic, of_day, .. } = clock.looks(|looks| *looks);
        let ms = Duration::from_millis;
        assert_eq!(clock.at(monotonic + ms(1000), of_day + ms(1150)), monotonic + ms(1000));
    }
}
