import Core

/// Why a script was not taken: what a person needs to find and mend it.
public struct ScriptReport: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file as the user named it, and the line if known.
    public let place: String
    public let message: String
    /// The host could not try it: nothing is said about the script.
    public let isHosts: Bool
    /// What it means for what runs, behind the message; no part of it.
    public var consequence = ""
    public init(place: String, message: String, isHosts: Bool = false) {
        // Lua's own messages begin with the place.
        let said = message.hasPrefix(place + ": ") ? String(message.dropFirst(place.count + 2)) : message
        // What is wrong in a file that was to be included stands behind the line that includes it.
        if let inner = said.prefixMatch(of: #/(lib/[^:\n]+:\d+): /#) {
            (self.place, self.message) = (String(inner.1), said[inner.range.upperBound...].withoutControls)
        } else {
            (self.place, self.message) = (place, said[...].withoutControls)
        }
        self.isHosts = isHosts
    }
    public var description: String { "\(place): \(message)" }

    /// Names the strategy where the place does not: a file of `lib/` may be included by several.
    public func naming(_ script: String) -> ScriptReport {
        guard place.hasPrefix("lib/") else { return self }
        return ScriptReport(
            place: place, message: "\(message) (included by \(script).lua)", isHosts: isHosts)
    }
}

extension Substring {
    /// What a script put into a message must not reach a terminal as a command.
    var withoutControls: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { $0.value < 32 || (127..<160) ~= $0.value ? "?" : $0 }))
    }
}

extension String {
    var withoutControls: String { self[...].withoutControls }
}

extension StrategyFault {
    static func broken(_ message: String) -> StrategyFault {
        StrategyFault(kind: .contract, place: nil, message: message.withoutControls)
    }
}
