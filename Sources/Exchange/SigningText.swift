/// One parameter of a request, in the form it has in the JSON body.
public struct Parameter: Sendable, Equatable {
    public enum Value: Sendable, Equatable { case text(String), number(Int64), flag(Bool) }
    public let name: String
    public let value: Value
    public init(_ name: String, _ value: Value) { (self.name, self.value) = (name, value) }
    public init(_ name: String, _ text: String) { self.init(name, .text(text)) }

    /// As it is signed: text unquoted and not percent-encoded, `true` or `false`, numbers as in the JSON.
    public var signed: String {
        switch value {
        case .text(let text): text
        case .number(let number): String(number)
        case .flag(let flag): flag ? "true" : "false"
        }
    }
}

/// The text that a private request is signed over (PROTOCOL 2.3).
public enum SigningText {
    public static let windowDefault: Int64 = 5000, windowMax: Int64 = 60000

    /// `instruction=…&a=…&b=…&timestamp=…&window=…`; a batch repeats the instruction before each order's
    /// parameters.
    /// - Parameter groups: one list of parameters, or one per order of a batch; none is one empty list.
    public static func string(
        _ instruction: Instruction, _ groups: [[Parameter]], timestamp: Int64, window: Int64
    ) -> String {
        var text = ""
        for group in groups.isEmpty ? [[]] : groups {
            if !text.isEmpty { text += "&" }
            text += "instruction=\(instruction.rawValue)"
            for parameter in sorted(group) { text += "&\(parameter.name)=\(parameter.signed)" }
        }
        return text + "&timestamp=\(timestamp)&window=\(window)"
    }

    /// The text for subscribing to private streams; their names are not signed.
    public static func subscribe(timestamp: Int64, window: Int64) -> String {
        string(.subscribe, [], timestamp: timestamp, window: window)
    }

    /// By the bytes of the name; equal names keep their order.
    private static func sorted(_ group: [Parameter]) -> [Parameter] {
        group.enumerated().sorted { a, b in
            if a.element.name == b.element.name { return a.offset < b.offset }
            return a.element.name.utf8.lexicographicallyPrecedes(b.element.name.utf8)
        }.map(\.element)
    }

    /// The text as the server rebuilds it from the parameters it understood.
    ///
    /// - Parameters:
    ///   - path: without query. - query: without `?`, percent-encoding undone here. - body: JSON, or empty.
    ///   - timestamp: the `X-Timestamp` header in milliseconds. - window: `X-Window`; 5000 when left out.
    /// - Returns: `nil` for an endpoint that is not signed.
    /// - Throws: the plain-text refusal of a body that is no object or list of objects.
    public static func fromWire(
        method: String, path: String, query: String, body: [UInt8], timestamp: Int64,
        window: Int64 = SigningText.windowDefault
    ) throws(WireRefusal) -> String? {
        guard let instruction = Instruction.of(method: method, path: path) else { return nil }
        var groups: [[Parameter]]
        if method == "GET" {
            groups = [QueryText.parse(query)]
        } else if body.isEmpty {
            groups = [[]]
        } else {
            groups = try bodyGroups(body)
        }
        groups = groups.map { understood($0, instruction) }
        return string(instruction, groups, timestamp: timestamp, window: window)
    }

    /// What the server drops breaks the signature: with both ids in a cancel it keeps `orderId` alone.
    private static func understood(_ group: [Parameter], _ instruction: Instruction) -> [Parameter] {
        switch instruction {
        case .orderCancel, .orderQuery:
            let hasID = group.contains { $0.name == "orderId" }
            return group.filter {
                $0.name == "symbol" || $0.name == "orderId" || ($0.name == "clientId" && !hasID)
            }
        case .orderCancelAll: return group.filter { $0.name == "symbol" || $0.name == "orderType" }
        case .orderExecute: return group.filter { orderFields.contains($0.name) }
        default: return group
        }
    }

    /// The fields of an order, and the slip `triggeredBy` that one public client sends.
    private static let orderFields = [
        "autoBorrow", "autoBorrowRepay", "autoLend", "autoLendRedeem", "brokerId", "clientId", "orderType",
        "postOnly",
        "price", "quantity", "quoteQuantity", "reduceOnly", "selfTradePrevention", "side",
        "slippageTolerance",
        "slippageToleranceType", "stopLossLimitPrice", "stopLossTriggerBy", "stopLossTriggerPrice", "symbol",
        "takeProfitLimitPrice", "takeProfitTriggerBy", "takeProfitTriggerPrice", "timeInForce", "triggerBy",
        "triggerPrice", "triggerQuantity", "triggeredBy",
    ]

    private static func bodyGroups(_ body: [UInt8]) throws(WireRefusal) -> [[Parameter]] {
        var parser = JSONParser()
        do {
            return try parser.read(body) { root throws(FrameFault) in
                if root.kind == .object { return [try parameters(root)] }
                guard root.kind == .array else { throw FrameFault(field: "", found: root.shown) }
                var groups: [[Parameter]] = []
                for order in root.elements { groups.append(try parameters(order)) }
                return groups
            }
        } catch {
            throw WireRefusal.text("parse request payload error: \(error)")
        }
    }

    /// `null` counts as absent; nested values have no documented place in the text.
    private static func parameters(_ node: JSONNode) throws(FrameFault) -> [Parameter] {
        guard node.kind == .object else { throw FrameFault(field: "", found: node.shown) }
        var list: [Parameter] = []
        for (key, value) in node.fields where !value.isNull {
            if let text = value.text {
                list.append(Parameter(key.string, text.string))
            } else if let flag = value.flag {
                list.append(Parameter(key.string, .flag(flag)))
            } else if let number = value.integer {
                list.append(Parameter(key.string, .number(number)))
            } else {
                throw FrameFault(field: key.string, found: value.shown)
            }
        }
        return list
    }
}

/// The query part of a path: `name=value&…`, percent-encoded where it must be.
public enum QueryText {
    public static func parse(_ query: String) -> [Parameter] {
        query.split(separator: "&").map { piece in
            let halves = piece.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return Parameter(decode(halves[0]), halves.count > 1 ? decode(halves[1]) : "")
        }
    }

    public static func write(_ parameters: [Parameter]) -> String {
        parameters.map { "\(encode($0.name))=\(encode($0.signed))" }.joined(separator: "&")
    }

    private static func decode(_ text: Substring) -> String {
        var bytes: [UInt8] = [], pending: [UInt8] = []
        for byte in text.utf8 {
            if !pending.isEmpty {
                pending.append(byte)
                if pending.count == 3 {
                    if let high = hex(pending[1]), let low = hex(pending[2]) {
                        bytes.append(high << 4 | low)
                    } else {
                        bytes += pending
                    }
                    pending = []
                }
            } else if byte == UInt8(ascii: "%") {
                pending = [byte]
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(decoding: bytes + pending, as: UTF8.self)
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    private static func encode(_ text: String) -> String {
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: ","):
                out.append(byte)
            default:
                out +=
                    [UInt8(ascii: "%")] + Array((byte < 16 ? "0" : "").utf8)
                    + Array(String(byte, radix: 16, uppercase: true).utf8)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
