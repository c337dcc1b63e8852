import Core
import Exchange
import Wire

/// `control.sock`: what an operator asks of a running host. POST /hold /resume /halt /rearm /flatten
/// /reload/NAME, GET /status.
public final class ControlServer: HTTPServerHandler {
    public static let file = "control.sock"
    private let status: @Sendable () -> String?
    private let order: @Sendable (Engine.Instruction) -> Void
    private let reload: @Sendable (String) -> Result<String, ScriptFault>

    /// Why a script cannot be reloaded.
    public struct ScriptFault: Error {
        let text: String
        public init(text: String) { self.text = text }
    }

    /// - Parameters:
    ///   - status: JSON of what the host does; `nil` while it starts.
    ///   - order: carries an operator's instruction to the desk.
    ///   - reload: what reloading the script of that name led to, for people.
    public init(
        status: @escaping @Sendable () -> String?, order: @escaping @Sendable (Engine.Instruction) -> Void,
        reload: @escaping @Sendable (String) -> Result<String, ScriptFault>
    ) {
        (self.status, self.order, self.reload) = (status, order, reload)
    }

    static let orders: [(name: String, instruction: Engine.Instruction, says: String)] = [
        ("hold", .hold, "hold: nothing is opened, what is open is managed"),
        ("resume", .resume, "resume: entries are allowed again; a latch stays until `rearm`"),
        ("halt", .halt, "halt: entries and economic exits stop; open legs are still repaired"),
        ("rearm", .rearm, "rearm: latches are cleared; an operator's hold stays until `resume`"),
        ("flatten", .flatten, "flatten: every pair is closed, then the host holds"),
    ]

    public func started(_ io: ServerIO) {}
    public func wake(_ io: ServerIO) {}
    public func opened(_ c: ConnectionToken, path: String, _ io: ServerIO) { io.close(c) }
    public func message(_ c: ConnectionToken, _ bytes: [UInt8], _ io: ServerIO) {}
    public func closed(_ c: ConnectionToken, _ io: ServerIO) {}

    public func request(_ request: HTTPRequest, _ id: RequestToken, _ io: ServerIO) {
        func answer(_ status: Int, _ body: String) {
            io.respond(
                id, status: status, headers: [("Content-Type", "application/json")], body: Array(body.utf8))
        }
        func say(_ status: Int, _ text: String) {
            var json = JSONText()
            json.object { $0.field(status < 300 ? "done" : "error", text) }
            answer(status, json.string)
        }
        let name = String(request.path.dropFirst())
        if request.method == .get, name == "status" {
            guard let text = status() else { return say(503, "the host is starting") }
            return answer(200, text)
        }
        guard request.method == .post else { return say(404, "no such request") }
        if let known = Self.orders.first(where: { $0.name == name }) {
            order(known.instruction)
            return say(200, known.says)
        }
        if name.hasPrefix("reload/") {
            switch reload(String(name.dropFirst(7))) {
            case .success(let text): say(200, text)
            case .failure(let fault): say(409, fault.text)
            }
            return
        }
        say(404, "no such request")
    }
}
