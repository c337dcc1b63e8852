import Core
import Exchange
import Synchronization
import Wire

/// `control.sock`: what an operator asks of a running host. POST /hold /resume /halt /rearm, each also with
/// /NAME for one script, /flatten, /reload/NAME /reload_fresh/NAME /promote/NAME /rollback/NAME; GET /status.
public final class ControlServer: HTTPServerHandler {
    public static let file = "control.sock"
    private let status: @Sendable () -> String?
    private let holds: @Sendable (Engine.Instruction) -> [String]
    private let order: @Sendable (Engine.Instruction) -> Void
    private let script: ScriptDoor
    /// Answers that came on another thread and wait for the service thread.
    private let ready = Mutex<[(RequestToken, Result<String, ScriptFault>)]>([])
    private let wakeServer = Mutex<(@Sendable () -> Void)?>(nil)

    /// Carries what is asked of a script's versions to who does it: the word, the script's name, and where
    /// the answer goes, from any thread and as late as it takes.
    public typealias ScriptDoor =
        @Sendable (
            _ word: String, _ name: String,
            _ answer: @escaping @Sendable (Result<String, ScriptFault>) -> Void
        ) -> Void

    /// Why something asked of a script is not done.
    public struct ScriptFault: Error {
        public let text: String
        public init(text: String) { self.text = text }
    }

    /// - Parameters:
    ///   - status: JSON of what the host does; `nil` while it starts.
    ///   - holds: what keeps entries away after a `resume`, and what lifts it; nothing for other orders.
    ///   - order: carries an operator's instruction to the desk.
    ///   - script: carries what is asked of a script's versions.
    public init(
        status: @escaping @Sendable () -> String?,
        holds: @escaping @Sendable (Engine.Instruction) -> [String],
        order: @escaping @Sendable (Engine.Instruction) -> Void,
        script: @escaping ScriptDoor
    ) {
        (self.status, self.holds, self.order, self.script) = (status, holds, order, script)
    }

    /// How the server that this answers for is woken.
    public func wakes(_ server: @escaping @Sendable () -> Void) { wakeServer.withLock { $0 = server } }

    static let orders: [(name: String, instruction: Engine.Instruction, says: String)] = [
        ("hold", .hold, "hold: nothing is opened, what is open is managed"),
        ("resume", .resume, "resume: entries are allowed again"),
        ("halt", .halt, "halt: entries and economic exits stop; open legs are still repaired"),
        ("rearm", .rearm, "rearm: latches are cleared; an operator's hold stays until `resume`"),
        ("flatten", .flatten, "flatten: every pair is closed, then the host holds"),
    ]

    static let scriptOrders = ["reload", "reload_fresh", "promote", "rollback"]

    public func started(_ io: ServerIO) {}
    public func wake(_ io: ServerIO) {
        let answers = ready.withLock { ready in
            defer { ready = [] }
            return ready
        }
        for (id, result) in answers {
            switch result {
            case .success(let text): say(200, text, id, io)
            case .failure(let fault): say(409, fault.text, id, io)
            }
        }
    }
    public func opened(_ c: ConnectionToken, path: String, _ io: ServerIO) { io.close(c) }
    public func message(_ c: ConnectionToken, _ bytes: [UInt8], _ io: ServerIO) {}
    public func closed(_ c: ConnectionToken, _ io: ServerIO) {}

    public func request(_ request: HTTPRequest, _ id: RequestToken, _ io: ServerIO) {
        let words = request.path.dropFirst().split(separator: "/").map(String.init)
        if request.method == .get, words == ["status"] {
            guard let text = status() else { return say(503, "the host is starting", id, io) }
            return answer(200, text, id, io)
        }
        guard request.method == .post, let word = words.first, words.count <= 2 else {
            return say(404, "no such request", id, io)
        }
        if words.count == 1, let known = Self.orders.first(where: { $0.name == word }) {
            return obey(known.instruction, known.says, id, io)
        }
        guard words.count == 2 else { return say(404, "no such request", id, io) }
        if Self.scriptOrders.contains(word) {
            return script(word, words[1]) { [self] result in
                ready.withLock { $0.append((id, result)) }
                wakeServer.withLock { $0 }?()
            }
        }
        guard let known = Engine.ScriptOrder(rawValue: word), known != .rollBack else {
            return say(404, "no such request", id, io)
        }
        guard knows(words[1]) else { return say(409, "no strategy \(words[1]) runs here", id, io) }
        obey(.script(words[1], known), "\(word) \(words[1])", id, io)
    }

    /// - Parameter done: the answer when nothing else has to be said.
    private func obey(
        _ instruction: Engine.Instruction, _ done: String, _ id: RequestToken, _ io: ServerIO
    ) {
        let holds = holds(instruction)
        order(instruction)
        guard !holds.isEmpty else { return say(200, done, id, io) }
        let word = done.prefix { $0 != ":" }
        let list = holds.map { "\n- " + $0 }.joined()
        say(200, "\(word): that hold is lifted. Entries are still held:" + list, id, io)
    }

    private func knows(_ name: String) -> Bool { status()?.contains("\"name\":\"\(name)\"") ?? false }

    private func answer(_ status: Int, _ body: String, _ id: RequestToken, _ io: ServerIO) {
        io.respond(
            id, status: status, headers: [("Content-Type", "application/json")], body: Array(body.utf8))
    }

    private func say(_ status: Int, _ text: String, _ id: RequestToken, _ io: ServerIO) {
        var json = JSONText()
        json.object { $0.field(status < 300 ? "done" : "error", text) }
        answer(status, json.string, id, io)
    }
}
