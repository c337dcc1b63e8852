import Core
import GRDB
import Synchronization

extension RecordBook {
    /// Rows that belong together: all of them are written, or none.
    struct Job: Sendable {
        let rows: Int
        let body: @Sendable (Database) throws -> Void
    }

    struct State {
        /// What was handed over and is not written, the oldest first, and how many rows that is.
        var jobs: [Job] = []
        var waiting = 0
        /// Somebody writes, or is about to.
        var isWriting = false
        /// Rows that will not come into the file, and how many of them it knows of.
        var missed = 0, marked = 0
        /// Rows of another time are missing, which the file does not know yet.
        var lacksRows = false
        /// Why nothing can be written now, and whether that is so for the rest of the run.
        var trouble: String?, isLost = false
        /// Why rows were missed first.
        var failure: String?
        var latest = Timestamp(microseconds: 0)

        init(lacksRows: Bool, trouble: String?) {
            (self.lacksRows, self.trouble, failure) = (lacksRows, trouble, nil)
        }

        mutating func miss(_ rows: Int, _ why: String) {
            missed += rows
            failure = failure ?? why
        }
    }

    /// Why nothing can be written now, for people; `nil` when everything handed over is or will be in the
    /// file.
    public var trouble: String? { state.withLock { $0.trouble } }

    /// No try of this run will do.
    public var isLost: Bool { state.withLock { $0.isLost } }

    /// Takes what a turn said; what belongs to no table is passed over. `now` is the turn's.
    /// - Parameter versions: also what happened to versions of scripts.
    public func take(_ notes: [Note], at now: Timestamp, versions: Bool = true) {
        let facts = notes.filter { $0.isRecorded && (versions || !$0.isOfVersions) }
        guard !facts.isEmpty else { return }
        write(rows: facts.reduce(0) { $0 + $1.rows }, at: now) { database in
            for fact in facts { try database.store(fact, at: now) }
        }
    }

    func write(
        rows: Int = 1, at now: Timestamp, _ body: @escaping @Sendable (Database) throws -> Void
    ) {
        let job = Job(rows: rows, body: body)
        if waits {
            state.withLock { $0.latest = max($0.latest, now) }
            return queue.writeWithoutTransaction { database in
                do {
                    try perform(job, database)
                    try mark(database)
                } catch { state.withLock { $0.miss(rows, plainText(error)) } }
            }
        }
        let (starts, isNew) = state.withLock { state -> (Bool, Bool) in
            state.latest = max(state.latest, now)
            guard !state.isLost, state.waiting + rows <= Self.waitingMost else {
                let isNew = state.trouble == nil
                let why = "\(Self.waitingMost) rows wait to be written"
                state.trouble = state.trouble ?? "\(Self.file) cannot be written: \(why)"
                state.miss(rows, state.isLost ? state.trouble ?? why : why)
                return (false, isNew)
            }
            state.jobs.append(job)
            state.waiting += rows
            guard !state.isWriting, state.trouble == nil else { return (false, false) }
            state.isWriting = true
            return (true, false)
        }
        if starts { queue.asyncWriteWithoutTransaction { [self] in writeAll($0) } }
        if isNew { hear(nil) }
    }

    /// Tries what could not be written; the caller sets the pace. Does nothing when there is no trouble, when
    /// nothing can end it, and while the last try goes on.
    public func tryAgain() {
        let starts = state.withLock { state -> Bool in
            guard state.trouble != nil, !state.isLost, !state.isWriting else { return false }
            state.isWriting = true
            return true
        }
        if starts { queue.asyncWriteWithoutTransaction { [self] in writeAll($0) } }
    }

    /// Writes until nothing waits or it cannot go on. On the queue, with `isWriting` set.
    private func writeAll(_ database: Database) {
        while true {
            let jobs = state.withLock { state -> [Job] in
                defer { state.jobs = [] }
                return state.jobs
            }
            for (place, job) in jobs.enumerated() {
                do { try perform(job, database) } catch  where isOfRows(error) { refuse(job, error) } catch {
                    return fail(error, jobs[place...], database)
                }
                state.withLock { $0.waiting = max(0, $0.waiting - job.rows) }
            }
            // What the file lacks is said in it, and with that a trouble is over.
            do { try mark(database) } catch { return fail(error, [], database) }
            let (isDone, isOver) = state.withLock { state -> (Bool, Bool) in
                guard state.jobs.isEmpty else { return (false, false) }
                let isOver = state.trouble != nil && !state.isLost
                if isOver { state.trouble = nil }
                state.isWriting = false
                return (true, isOver)
            }
            if isOver { hear(nil) }
            if isDone { return }
        }
    }

    private func perform(_ job: Job, _ database: Database) throws {
        try database.inTransaction(.immediate) {
            try job.body(database)
            return .commit
        }
    }

    /// The tables refuse what the rows say: no time will change that, and the database works.
    private func isOfRows(_ error: any Error) -> Bool {
        let code = (error as? DatabaseError)?.resultCode
        return code == .SQLITE_CONSTRAINT || code == .SQLITE_MISMATCH || code == .SQLITE_TOOBIG
    }

    private func refuse(_ job: Job, _ error: any Error) {
        let isFirst = state.withLock { state -> Bool in
            defer { state.miss(job.rows, plainText(error)) }
            return state.failure == nil
        }
        guard isFirst else { return }
        hear("\(Self.file) refused rows: \(plainText(error)); they are missing in it")
    }

    private func fail(_ error: any Error, _ rest: ArraySlice<Job>, _ database: Database) {
        // Nobody waits for the next try: reading goes on meanwhile.
        try? database.execute(sql: "PRAGMA busy_timeout = 0")
        if meansDamage(error) {
            state.withLock { $0.jobs = rest + $0.jobs }
            return lose(damage: error)
        }
        let isNew = state.withLock { state -> Bool in
            state.jobs = rest + state.jobs
            state.isWriting = false
            let isNew = state.trouble == nil
            state.trouble = state.trouble ?? "\(Self.file) cannot be written: \(plainText(error))"
            return isNew
        }
        if isNew { hear(nil) }
    }

    func lose(damage error: any Error) { lose("\(Self.file) is damaged: \(plainText(error))") }

    /// Nothing more comes into this file; a rebuild has it from the journal.
    func lose(_ why: String) {
        let isNew = state.withLock { state -> Bool in
            guard !state.isLost else { return false }
            (state.isLost, state.isWriting) = (true, false)
            state.trouble = why
            if state.waiting > 0 { state.miss(state.waiting, why) }
            (state.jobs, state.waiting) = ([], 0)
            return true
        }
        if isNew { hear(nil) }
    }

    /// Says in the file that rows are missing, where that is so. In trouble it is written to in any case:
    /// only what was done proves that it can be.
    private func mark(_ database: Database) throws {
        let (missed, lacks, now, isInTrouble) = state.withLock {
            ($0.missed > $0.marked ? $0.missed : nil, $0.lacksRows, $0.latest, $0.trouble != nil)
        }
        guard missed != nil || lacks || isInTrouble else { return }
        try database.inTransaction(.immediate) {
            if missed != nil || lacks {
                try RecordMarks.lacksRows(database)
            } else {
                try RecordMarks.touch(database)
            }
            if let missed {
                let text = "\(missed) rows could not be written here; `neap rebuild` makes the file anew"
                try database.store(.alert(text), at: now)
            }
            return .commit
        }
        try database.execute(sql: "PRAGMA busy_timeout = \(Int(Self.patience * 1000))")
        state.withLock { state in
            if let missed { state.marked = missed }
            state.lacksRows = false
        }
    }

    /// Waits for everything handed over and puts it all into the one file, for whoever copies it. What could
    /// not be written is tried a last time.
    /// - Returns: what went wrong; `nil` when all is written.
    public func finish() -> String? {
        do {
            try queue.barrierWriteWithoutTransaction { database in
                if !waits, !isLost {
                    try database.execute(sql: "PRAGMA busy_timeout = \(Int(Self.patience * 1000))")
                    state.withLock { $0.isWriting = true }
                    writeAll(database)
                }
                guard trouble == nil else { return }
                try RecordMarks.end(database)
                try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            }
        } catch { return plainText(error) }
        return state.withLock { state in
            let rows = state.missed + state.waiting
            guard rows > 0 else { return state.trouble }
            return "\(rows) rows could not be written: \(state.failure ?? state.trouble ?? "no reason given")"
        }
    }
}
