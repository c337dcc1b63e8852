/// A market file that cannot be used: where and why.
public struct MarketFault: Error, Sendable, Equatable, CustomStringConvertible {
    public let file: String
    /// From 1; `nil` when the file as a whole is meant.
    public let line: Int?, column: Int?
    public let message: String

    public init(_ file: String, line: Int? = nil, column: Int? = nil, _ message: String) {
        (self.file, self.line, self.column, self.message) = (file, line, column, message)
    }

    public var description: String {
        file + (line.map { ":\($0)" } ?? "") + (column.map { ":\($0)" } ?? "") + ": " + message
    }
}
