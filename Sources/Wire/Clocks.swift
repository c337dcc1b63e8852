import Glibc

/// The clock that only goes forward: for ages, deadlines and round-trip times.
public enum MonotonicClock {
    /// Microseconds since some fixed moment (boot). Never goes back.
    public static func microseconds() -> Int64 { read(CLOCK_MONOTONIC) }
}

/// The processor time of the calling thread.
public enum ThreadClock {
    /// Microseconds of work. Never goes back; of one thread only.
    public static func microseconds() -> Int64 { read(CLOCK_THREAD_CPUTIME_ID) }
}

/// The clock of the calendar. It may jump: compare it with other machines' times, never with itself.
public enum WallClock {
    /// Microseconds since 1970-01-01 UTC.
    public static func microseconds() -> Int64 { read(CLOCK_REALTIME) }
}

private func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    let code = clock_gettime(clock, &time)
    precondition(code == 0, "the clock cannot be read")
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
}
