import Foundation
import Glibc
import Logging
import Wire

/// The host's side of its guardian: starts it, starts it again when it died, takes the lease back from it.
final class GuardianKeeper {
    private let folder: String
    private let logger: Logger
    private let words: [String]
    let lease: Lease
    private var child: pid_t = 0
    private var lookAt: Int64 = 0
    private var starts: [Int64] = []
    private var gaveUp = false

    /// No other process can share a lease: this one acts alone and keeps guardians away.
    private let isAlone: Bool
    private var kept: ProcessLock?

    /// - Parameters:
    ///   - words: what `neap guardian` is given behind its name.
    ///   - mayBeAlone: goes on without a guardian where the lease cannot be written.
    init(folder: String, words: [String], mayBeAlone: Bool, logger: Logger) throws(StartFault) {
        (self.folder, self.words, self.logger) = (folder, words, logger)
        do throws(StartFault) {
            (lease, isAlone) = (try Lease(path: folder + "/" + GuardianRun.leaseFile), false)
        } catch {
            guard mayBeAlone else { throw error }
            (lease, isAlone) = (try Lease(), true)
        }
    }

    private var lockPath: String { folder + "/" + GuardianRun.lockFile }

    /// How long a guardian may take to hand over; µs.
    private static let patience: Int64 = 5_000_000

    /// A halt was asked by signal before the desk was there, maybe of the image of this process before.
    private(set) var isHaltAsked = false

    /// Takes the lease for the start; from the guardian, when it acts.
    /// - Throws: when a signal came meanwhile.
    func begin() throws(StartFault) {
        if isAlone { return try beginAlone() }
        let deadline = MonotonicClock.microseconds() + Self.patience
        if lease.isLost { logger.notice("The guardian acts for this folder; asking it to hand over") }
        while !lease.begin() {
            // With its lock in our hands no other guardian can come and act while we wait.
            if let lock = try ProcessLock(path: lockPath) {
                // It died while it acted: what it signed last must have become void.
                logger.warning("The guardian is gone without handing over")
                pause(2500)
                lease.force()
                let isOurs = lease.begin()
                withExtendedLifetime(lock) {}
                if isOurs { return }
                continue
            }
            lease.ask()
            if MonotonicClock.microseconds() > deadline, let pid = ProcessLock.holder(lockPath),
                pid != getpid()
            {
                logger.error("The guardian (process \(pid)) does not hand over: it is ended")
                kill(pid, SIGKILL)
            }
            guard let signal = Signals.wait(milliseconds: 20) else { continue }
            guard signal == SIGUSR1 else { throw StartFault("stopped before the start") }
            isHaltAsked = true
        }
    }

    /// A guardian that watches cannot be asked to hand over: it is ended, and what it may have signed last
    /// must have become void.
    private func beginAlone() throws(StartFault) {
        _ = lease.begin()
        if access(lockPath, F_OK) != 0 { return }
        while true {
            kept = try ProcessLock(path: lockPath)
            if kept != nil { return }
            if let pid = ProcessLock.holder(lockPath), pid != getpid() { kill(pid, SIGKILL) }
            pause(2500)
            _ = lease.begin()
        }
    }

    private func pause(_ milliseconds: Int32) { poll(nil, 0, milliseconds) }

    /// Starts the guardian if none watches; called now and then.
    func look() {
        let now = MonotonicClock.microseconds()
        guard !isAlone, now >= lookAt else { return }
        lookAt = now + 500_000
        if child > 0 {
            var status: Int32 = 0
            if waitpid(child, &status, WNOHANG) == child { child = 0 }
        }
        guard !ProcessLock.isHeld(lockPath) else { return }
        starts = starts.filter { now - $0 < 60_000_000 }
        if !starts.isEmpty, starts.count <= 3 { logger.error("ALERT the guardian died; starting another") }
        guard starts.count <= 3 else {
            if !gaveUp { logger.error("ALERT the guardian died four times in a minute; see guardian.log") }
            gaveUp = true
            return
        }
        gaveUp = false
        starts.append(now)
        start()
    }

    /// In a session of its own: what ends the host's terminal does not end it.
    private func start() {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        // `POSIX_SPAWN_SETSID` of <spawn.h>, which Swift does not see.
        let newSession: Int32 = 0x80
        posix_spawnattr_setflags(&attributes, Int16(newSession | Int32(POSIX_SPAWN_SETSIGMASK)))
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        // What a crash says goes where people look.
        let log = folder + "/" + GuardianRun.logFile
        let probe = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        if probe >= 0 { close(probe) }
        for handle: Int32 in 1...2 {
            let path = probe >= 0 ? log : "/dev/null"
            posix_spawn_file_actions_addopen(&files, handle, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        }
        let words = ["neap", "guardian", "--quiet"] + self.words
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        // Where the host is to be killed is not where its guardian is.
        var settings = ProcessInfo.processInfo.environment.filter { $0.key != "NEAP_KILL" }
        if let place = settings.removeValue(forKey: "NEAP_KILL_GUARDIAN") { settings["NEAP_KILL"] = place }
        var environment: [UnsafeMutablePointer<CChar>?] = settings.keys.sorted().map {
            strdup("\($0)=\(settings[$0] ?? "")")
        }
        environment.append(nil)
        defer { for setting in environment { free(setting) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, "/proc/self/exe", &files, &attributes, &arguments, &environment)
        guard code == 0 else {
            logger.error("ALERT the guardian could not be started: \(String(cString: strerror(code)))")
            return
        }
        child = pid
        logger.info("The guardian watches (process \(pid))")
    }
}
