import Core

/// What a segment begins with: everything a replay needs that is not an input.
public struct SegmentHeader: Sendable, Equatable {
    /// One variable in force, and where it came from: `environment`, `file` or `default`.
    public struct Setting: Sendable, Equatable {
        public let origin: String, name: String, value: String
        public init(origin: String, name: String, value: String) {
            (self.origin, self.name, self.value) = (origin, name, value)
        }
    }

    /// The mode of a guardian that stands in for its host.
    public static let guardianMode = "guardian"

    public var number: Int
    public var mode: String
    public var settings: [Setting]
    /// The venue's answer of `/markets`, as it came.
    public var markets: [UInt8]
    /// Base assets of the pairs traded, in their order.
    public var bases: [String]
    /// With the state each had when the segment began.
    public var scripts: [StoredScript]
    /// Ledger, latches and fees when the segment began, as named texts: a replay that arrives here has the
    /// same.
    public var standing: [CommandText.Field]
    /// The checkpoint of an earlier run that this one goes on from, in the bytes of `CheckpointBytes`; empty
    /// when it began anew.
    public var restored: [UInt8]
    /// Versions whose positions were found in it and that no file holds any more.
    public var earlier: [StoredScript]

    public init(
        number: Int, mode: String, settings: [Setting], markets: [UInt8], bases: [String],
        scripts: [StoredScript], standing: [CommandText.Field], restored: [UInt8] = [],
        earlier: [StoredScript] = []
    ) {
        (self.number, self.mode, self.settings) = (number, mode, settings)
        (self.markets, self.bases, self.scripts) = (markets, bases, scripts)
        (self.restored, self.earlier) = (restored, earlier)
        self.standing = standing
    }
}

/// A script's `state` in LuaBridge's own bytes, and the version that wrote it.
public struct ScriptState: Sendable, Equatable {
    public var name: String, version: String
    public var state: [UInt8]
    public init(name: String, version: String, state: [UInt8]) {
        (self.name, self.version, self.state) = (name, version, state)
    }
}

/// One entry of the journal.
public enum Record: Sendable, Equatable {
    case segment(SegmentHeader)
    case input(Input, at: Timestamp)
    /// The commands of the turn before, each as its fields; a turn without commands has none.
    case commands([[CommandText.Field]])
    /// A version was stopped by the wall clock in its call of that number, or, with zero, was refused when it
    /// was to take over: no replay can know it by itself.
    case wallClockStop(script: String, version: String, call: Int)
    /// What a run must know to go on from here; after the commands of a turn that changed it.
    case checkpoint([UInt8])
    /// `state` of the scripts, as it was between two turns.
    case states([ScriptState])
    /// The run ended in order; without it the process was killed.
    case end(String)
}

// MARK: Bytes

extension Record {
    func write(_ writer: inout ByteWriter) {
        switch self {
        case .segment(let header):
            writer.u8(1)
            header.write(&writer)
        case .input(let input, let now):
            writer.u8(2)
            writer.i64(now.microseconds)
            input.write(&writer)
        case .commands(let commands):
            writer.u8(3)
            writer.list(commands) { $0.fields($1) }
        case .wallClockStop(let script, let version, let call):
            writer.u8(4)
            writer.text(script)
            writer.text(version)
            writer.u32(call)
        case .checkpoint(let bytes):
            writer.u8(6)
            writer.block(bytes)
        case .states(let states):
            writer.u8(7)
            writer.list(states) {
                $0.text($1.name)
                $0.text($1.version)
                $0.block($1.state)
            }
        case .end(let reason):
            writer.u8(5)
            writer.text(reason)
        }
    }

    init(_ reader: inout ByteReader) throws(ByteReader.Short) {
        switch try reader.u8() {
        case 1: self = .segment(try SegmentHeader(&reader))
        case 2:
            let now = Timestamp(microseconds: try reader.i64())
            self = .input(try Input(&reader), at: now)
        case 3: self = .commands(try reader.list { r throws(ByteReader.Short) in try r.fields() })
        case 4:
            self = .wallClockStop(
                script: try reader.text(), version: try reader.text(), call: try reader.u32())
        case 5: self = .end(try reader.text())
        case 6: self = .checkpoint(try reader.block())
        case 7:
            self = .states(
                try reader.list { r throws(ByteReader.Short) in
                    ScriptState(name: try r.text(), version: try r.text(), state: try r.block())
                })
        default: throw ByteReader.Short()
        }
        guard reader.isAtEnd else { throw ByteReader.Short() }
    }
}

extension ByteWriter {
    mutating func fields(_ fields: [CommandText.Field]) {
        list(fields) {
            $0.text($1.name)
            $0.text($1.value)
        }
    }
}

extension ByteWriter {
    mutating func settings(_ settings: [SegmentHeader.Setting]) {
        list(settings) {
            $0.text($1.origin)
            $0.text($1.name)
            $0.text($1.value)
        }
    }
}

extension ByteReader {
    mutating func settings() throws(Short) -> [SegmentHeader.Setting] {
        try list { r throws(Short) in
            SegmentHeader.Setting(origin: try r.text(), name: try r.text(), value: try r.text())
        }
    }

    mutating func fields() throws(Short) -> [CommandText.Field] {
        try list { r throws(Short) in CommandText.Field(try r.text(), try r.text()) }
    }
}

extension StoredScript {
    func write(_ writer: inout ByteWriter) {
        writer.text(name)
        writer.text(version)
        writer.block(source)
        writer.list(library) {
            $0.text($1.name)
            $0.block($1.source)
        }
        writer.block(state)
        writer.settings(bound)
    }

    init(_ reader: inout ByteReader) throws(ByteReader.Short) {
        self.init(
            name: try reader.text(), version: try reader.text(), source: try reader.block(),
            library: try reader.list { r throws(ByteReader.Short) in (try r.text(), try r.block()) },
            state: try reader.block(), bound: try reader.settings())
    }
}

extension SegmentHeader {
    func write(_ writer: inout ByteWriter) {
        writer.u32(number)
        writer.text(mode)
        writer.settings(settings)
        writer.block(markets)
        writer.list(bases) { $0.text($1) }
        writer.list(scripts) { $1.write(&$0) }
        writer.fields(standing)
        writer.block(restored)
        writer.list(earlier) { $1.write(&$0) }
    }

    init(_ reader: inout ByteReader) throws(ByteReader.Short) {
        self.init(
            number: try reader.u32(), mode: try reader.text(),
            settings: try reader.settings(),
            markets: try reader.block(),
            bases: try reader.list { r throws(ByteReader.Short) in try r.text() },
            scripts: try reader.list { r throws(ByteReader.Short) in try StoredScript(&r) },
            standing: try reader.fields(), restored: try reader.block(),
            earlier: try reader.list { r throws(ByteReader.Short) in try StoredScript(&r) })
    }
}

extension Input {
    func write(_ writer: inout ByteWriter) {
        switch self {
        case .frame(let connection, let bytes):
            writer.u8(1)
            writer.u8(UInt8(connection.rawValue))
            writer.block(bytes)
        case .connection(let connection, let change):
            writer.u8(2)
            writer.u8(UInt8(connection.rawValue))
            if case .down(let reason) = change {
                writer.u8(0)
                writer.text(reason)
            } else {
                writer.u8(1)
            }
        case .reply(let id, let raw):
            writer.u8(3)
            writer.i64(id.raw)
            raw.write(&writer)
        case .timer: writer.u8(4)
        case .order(let instruction):
            writer.u8(5)
            writer.text(instruction.text)
        case .dropped(let symbols):
            writer.u8(6)
            writer.list(symbols) { $0.text($1) }
        case .swap(let script, let terms, let inShadow):
            writer.u8(7)
            script.write(&writer)
            terms.write(&writer)
            writer.u8(inShadow ? 1 : 0)
        }
    }

    init(_ reader: inout ByteReader) throws(ByteReader.Short) {
        func connection() throws(ByteReader.Short) -> ConnectionID {
            guard let id = ConnectionID(rawValue: Int(try reader.u8())) else { throw ByteReader.Short() }
            return id
        }
        switch try reader.u8() {
        case 1: self = .frame(try connection(), try reader.block())
        case 2:
            let id = try connection()
            self = .connection(id, try reader.u8() == 1 ? .up : .down(reason: try reader.text()))
        case 3: self = .reply(RequestID(raw: try reader.i64()), try RawReply(&reader))
        case 4: self = .timer
        case 5:
            guard let instruction = Engine.Instruction(text: try reader.text()) else {
                throw ByteReader.Short()
            }
            self = .order(instruction)
        case 6: self = .dropped(try reader.list { r throws(ByteReader.Short) in try r.text() })
        case 7:
            let script = try StoredScript(&reader), terms = try ProbationTerms(&reader)
            self = .swap(script, terms, inShadow: try reader.u8() == 1)
        default: throw ByteReader.Short()
        }
    }
}

extension ProbationTerms {
    func write(_ writer: inout ByteWriter) {
        writer.u32(entries)
        writer.u32(rehearsedDecisions)
        writer.i64(rehearsedFor.microseconds)
        writer.u8((exitsRehearsed ? 1 : 0) | (beginsAnew ? 2 : 0))
    }

    init(_ reader: inout ByteReader) throws(ByteReader.Short) {
        self.init(
            entries: try reader.u32(), rehearsedDecisions: try reader.u32(),
            rehearsedFor: TimeSpan(microseconds: try reader.i64()))
        let flags = try reader.u8()
        (exitsRehearsed, beginsAnew) = (flags & 1 != 0, flags & 2 != 0)
    }
}

extension RawReply {
    func write(_ writer: inout ByteWriter) {
        switch self {
        case .answered(let status, let type, let body):
            writer.u8(1)
            writer.u32(status)
            writer.text(type)
            writer.block(body)
        case .notSent(let why):
            writer.u8(2)
            writer.text(why)
        case .unknown(let why):
            writer.u8(3)
            writer.text(why)
        }
    }

    init(_ reader: inout ByteReader) throws(ByteReader.Short) {
        switch try reader.u8() {
        case 1:
            self = .answered(
                status: try reader.u32(), contentType: try reader.text(), body: try reader.block())
        case 2: self = .notSent(try reader.text())
        case 3: self = .unknown(try reader.text())
        default: throw ByteReader.Short()
        }
    }
}

extension Engine.Instruction {
    /// One word and its argument.
    var text: String {
        switch self {
        case .hold: "hold"
        case .resume: "resume"
        case .halt: "halt"
        case .haltFor(let reason): "halt_for \(reason)"
        case .rearm: "rearm"
        case .flatten: "flatten"
        case .stop(let flatten): flatten ? "stop flatten" : "stop"
        case .idBlock(let block): "block \(block)"
        case .noBlock(let fault): "no_block \(fault)"
        case .stranger(let id): "stranger \(id.raw)"
        case .missing(let name, let gone): "\(gone ? "missing" : "found") \(name)"
        case .records(let fault): fault.map { "unrecorded \($0)" } ?? "recorded"
        case .script(let name, let order): "script_\(order.rawValue) \(name)"
        }
    }

    init?(text: String) {
        let words = text.split(separator: " ", maxSplits: 1).map(String.init)
        switch (words.first, words.count > 1 ? words[1] : nil) {
        case ("hold", nil): self = .hold
        case ("resume", nil): self = .resume
        case ("halt", nil): self = .halt
        case ("halt_for", let reason?): self = .haltFor(reason)
        case ("rearm", nil): self = .rearm
        case ("flatten", nil): self = .flatten
        case ("stop", nil): self = .stop(flatten: false)
        case ("stop", "flatten"): self = .stop(flatten: true)
        case ("block", let number?):
            guard let block = UInt32(number) else { return nil }
            self = .idBlock(block)
        case ("no_block", let fault): self = .noBlock(fault ?? "")
        case ("stranger", let number?):
            guard let id = UInt32(number) else { return nil }
            self = .stranger(ClientOrderID(raw: id))
        case ("missing", let name?): self = .missing(name, true)
        case ("found", let name?): self = .missing(name, false)
        case ("recorded", nil): self = .records(fault: nil)
        case ("unrecorded", let fault): self = .records(fault: fault ?? "")
        case (let word?, let name?) where word.hasPrefix("script_"):
            guard let order = Engine.ScriptOrder(rawValue: String(word.dropFirst(7))) else { return nil }
            self = .script(name, order)
        default: return nil
        }
    }
}
