import Core
import Journal
import LuaBridge
import DequeModule
import Glibc

/// The bounded queue between the network threads and the desk.
///
/// Public frames that do not fit are dropped by book; anything else that does not fit is a loss the desk must
/// not survive quietly, so it halts (DESIGN 2, "Threads").
package final class Mailbox: @unchecked Sendable {
    // Unchecked: everything below is touched under `mutex` only.
    private var mutex = pthread_mutex_t()
    private var ready = pthread_cond_t()
    private var queue = Deque<StampedInput>()
    private var publicFrames = 0
    private var dropped: [String] = []
    private var timerQueued = false
    private var overflowed = false
    private var closed = false
    let publicMax: Int, othersMax: Int

    package init(publicMax: Int = 16_384, othersMax: Int = 65_536) {
        (self.publicMax, self.othersMax) = (publicMax, othersMax)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(&ready, &attributes)
        pthread_mutex_init(&mutex, nil)
        queue.reserveCapacity(1024)
    }

    deinit {
        pthread_mutex_destroy(&mutex)
        pthread_cond_destroy(&ready)
    }

    package func post(_ item: StampedInput) {
        pthread_mutex_lock(&mutex)
        defer { pthread_mutex_unlock(&mutex) }
        if closed { return }
        switch item.input {
        case .frame(.publicStream, let bytes):
            if publicFrames >= publicMax { return drop(bytes) }
            publicFrames += 1
        case .timer:
            if timerQueued { return }
            timerQueued = true
        default:
            if queue.count - publicFrames >= othersMax {
                overflowed = true
                return
            }
        }
        queue.append(item)
        if queue.count == 1 { pthread_cond_signal(&ready) }
    }

    /// What is lost of a public frame is one market's book: its name stands at the end of the frame.
    private func drop(_ frame: [UInt8]) {
        let tail = String(decoding: frame.suffix(64), as: UTF8.self)
        let symbol =
            tail.split(separator: "\"").dropLast().last?.split(separator: ".").last.map(String.init) ?? "?"
        if !dropped.contains(symbol) { dropped.append(symbol) }
    }

    /// What the desk takes: the next inputs, in order of arrival.
    package struct Batch {
        package var items: [StampedInput] = []
        package var dropped: [String] = []
        package var overflowed = false
        package var closed = false
    }

    /// Waits until something is there or the monotonic moment is reached, and takes at most `most` inputs.
    package func take(most: Int = 64, untilMonotonic deadline: Int64) -> Batch {
        pthread_mutex_lock(&mutex)
        defer { pthread_mutex_unlock(&mutex) }
        var until = timespec(tv_sec: Int(deadline / 1_000_000), tv_nsec: Int(deadline % 1_000_000) * 1000)
        while queue.isEmpty, !closed, !overflowed {
            if pthread_cond_timedwait(&ready, &mutex, &until) != 0 { break }
        }
        var batch = Batch()
        while batch.items.count < most, let item = queue.popFirst() {
            switch item.input {
            case .frame(.publicStream, _): publicFrames -= 1
            case .timer: timerQueued = false
            default: break
            }
            batch.items.append(item)
        }
        (batch.dropped, dropped) = (dropped, [])
        (batch.overflowed, overflowed) = (overflowed, false)
        batch.closed = closed && queue.isEmpty
        return batch
    }

    /// No more inputs are taken in; what is queued is still handed out.
    package func close() {
        pthread_mutex_lock(&mutex)
        closed = true
        pthread_cond_signal(&ready)
        pthread_mutex_unlock(&mutex)
    }
}

/// An input with the moment it arrived, by the clock of the run, and for frames the monotonic stamp.
package struct StampedInput: Sendable {
    package let input: Input
    package let now: Timestamp
    var arrived: Int64 = 0
    package var loaded: LoadedScript?

    package init(input: Input, now: Timestamp, arrived: Int64 = 0, loaded: LoadedScript? = nil) {
        (self.input, self.now, self.arrived, self.loaded) = (input, now, arrived, loaded)
    }
}

/// A script on its way from the loader to the desk, which owns it from then on.
package final class LoadedScript: @unchecked Sendable {
    // Unchecked: handed over once; the loader forgets it.
    package let script: Script
    package init(_ script: Script) { self.script = script }
}
