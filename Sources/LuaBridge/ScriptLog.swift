/// What a script logged, until the host takes it: bounded by the minute of `o.now_ms`, so that a replay
/// keeps and drops the same lines; the C layer bounds each call.
struct ScriptLog {
    /// Lines a minute.
    let most: Int

    init(most: Int) { self.most = most }

    private var lines: [ScriptLine] = []
    private var lost = 0
    private var minute = -Double.infinity, inMinute = 0

    /// - Parameter milliseconds: the time of the call; `nil` counts towards the minute before.
    mutating func add(_ new: (lines: [ScriptLine], lost: Int), at milliseconds: Double?) {
        guard !new.lines.isEmpty else { return }
        if let now = milliseconds.map({ ($0 / 60_000).rounded(.down) }), now != minute {
            (minute, inMinute) = (now, 0)
        }
        // A host that never asks, as in a replay, must not pay for every minute with memory.
        let room = max(0, most - max(inMinute, lines.count))
        lines += new.lines.prefix(room)
        inMinute += min(room, new.lines.count)
        lost += new.lost + max(0, new.lines.count - room)
    }

    mutating func take() -> (lines: [ScriptLine], lost: Int) {
        defer { (lines, lost) = ([], 0) }
        return (lines, lost)
    }
}
