import Core
import Foundation
import Glibc
import Synchronization
import Testing

@testable import LuaBridge

/// Takes the processor from one thread until it is let go: a signal's handler that waits for a byte.
private enum Bystander {
    nonisolated(unsafe) static var pipe: (read: Int32, write: Int32) = (-1, -1)
    static let isHeld = Atomic(false)

    static func prepare() {
        var ends: [Int32] = [-1, -1]
        precondition(Glibc.pipe(&ends) == 0)
        pipe = (ends[0], ends[1])
        signal(SIGUSR2) { _ in
            Bystander.isHeld.store(true, ordering: .releasing)
            var byte: UInt8 = 0
            _ = read(Bystander.pipe.read, &byte, 1)
            Bystander.isHeld.store(false, ordering: .releasing)
        }
    }

    /// Holds the thread for that much wall time.
    static func hold(_ thread: pthread_t, microseconds: Int64) {
        precondition(pthread_kill(thread, SIGUSR2) == 0)
        while !isHeld.load(ordering: .acquiring) { sched_yield() }
        let until = now() + microseconds
        while now() < until { sched_yield() }
        var byte: UInt8 = 1
        _ = write(pipe.write, &byte, 1)
    }

    static func now(_ clock: clockid_t = CLOCK_MONOTONIC) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}

/// One call of a script on a thread of its own.
private final class Call: @unchecked Sendable {
    // Unchecked: handed from thread to thread by the semaphores.
    let script: Script
    private(set) var answer: ScoreAnswer?
    /// Of the thread's own time.
    private(set) var worked: Int64 = 0
    /// By the wall, from within the call.
    var wall: Double { script.latency.microseconds(atPercentile: 100) ?? 0 }
    private let thread = Mutex<pthread_t?>(nil)
    private let isIn = Atomic(false)
    private let ended = DispatchSemaphore(value: 0), mayLeave = DispatchSemaphore(value: 0)

    init(_ script: Script) { self.script = script }

    func start() {
        let thread = Thread { [self] in
            // Threads of the pool, after which this one takes, hear no signals.
            var heard = sigset_t()
            sigemptyset(&heard)
            sigaddset(&heard, SIGUSR2)
            pthread_sigmask(SIG_UNBLOCK, &heard, nil)
            self.thread.withLock { $0 = pthread_self() }
            let used = Bystander.now(CLOCK_THREAD_CPUTIME_ID)
            isIn.store(true, ordering: .releasing)
            answer = script.score(view())
            worked = Bystander.now(CLOCK_THREAD_CPUTIME_ID) - used
            ended.signal()
            // Who would hold it must find it.
            mayLeave.wait()
        }
        thread.stackSize = 16 << 20
        thread.start()
        while !isIn.load(ordering: .acquiring) { sched_yield() }
    }

    /// When the call has begun.
    func hold(microseconds: Int64) {
        let until = Bystander.now() + 1_000
        while Bystander.now() < until { sched_yield() }
        thread.withLock { if let it = $0 { Bystander.hold(it, microseconds: microseconds) } }
    }

    func wait() {
        ended.wait()
        mayLeave.signal()
    }
}

@Suite(.serialized) struct `The wall clock of a call` {
    private static let limit = TimeSpan.milliseconds(100)

    private func script(loops: String) throws -> Script {
        var busy = setting
        (busy.limits.steps, busy.limits.wall) = (4_000_000_000, Self.limit)
        return try LuaBridgeTests.script(
            "local S = { api = 1, name = 's' }\nfunction S.score()\n"
                + "for i = 1, \(loops) do local x = i end return 0.5, 1 end return S", setting: busy)
    }

    init() { Bystander.prepare() }

    @Test func `does not end a call whose thread was not let run`() throws {
        // A few milliseconds of work; on a busy machine they may be over before somebody comes to hold it.
        var call = Call(try script(loops: "1e6"))
        let limit = Double(Self.limit.microseconds)
        for _ in 0..<20 where call.wall < 2 * limit {
            call = Call(try script(loops: "1e6"))
            call.start()
            call.hold(microseconds: 3 * Self.limit.microseconds)
            call.wait()
        }
        #expect(call.wall > 2 * limit, "it was held in the middle of the call")
        #expect(call.answer == .wish(confidence: 0.5, usd: 1))
        #expect(!call.script.isBroken)
    }

    @Test(arguments: [false, true])
    func `ends a call that works for longer than its limit, held or not`(isHeld: Bool) throws {
        let call = Call(try script(loops: "1e18"))
        call.start()
        if isHeld { call.hold(microseconds: 3 * Self.limit.microseconds) }
        call.wait()
        let found = try #require(call.answer.flatMap(fault))
        #expect(found.kind == .wallClock && found.message.contains("took too long"), "\(found)")
        #expect(call.script.isBroken)
        // At least the second half of the limit was its own work, and never more than all of it.
        #expect(call.worked >= Self.limit.microseconds / 2)
        #expect(call.worked <= Self.limit.microseconds + 50_000, "\(call.worked) µs")
    }
}

@Suite struct `A version that the clock ended halfway` {
    private func counting(_ more: String = "") throws -> Script {
        try script(
            "local S = { api = 1, name = 's', state = { n = 0 } }\n"
                + "function S.score() S.state.n = S.state.n + 1 return 0.5, S.state.n end \(more) return S")
    }

    @Test(arguments: [(false, 4.0), (true, 1.0)])
    func `hands nothing of its state to the next version`(isEnded: Bool, next: Double) throws {
        let old = try counting(), new = try counting("--[[ edited ]]")
        if isEnded { old.stop(atCall: 4) }
        for _ in 0..<3 { #expect(fault(old.score(view())) == nil) }
        if isEnded {
            #expect(fault(old.score(view()))?.kind == .wallClock)
            #expect(old.isBroken)
        }
        try new.takeOver(from: old)
        #expect(new.score(view()) == .wish(confidence: 0.5, usd: next))
    }
}
