/// A table that can be asked and changed but never walked.
///
/// The order of a `Dictionary` differs from run to run; a turn that walked one could not be repeated. This
/// type is the only place where it is named, and it offers no iteration: what must be walked is kept in an
/// array beside it.
public struct Lookup<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var table: Dictionary<Key, Value> = [:]

    public init() {}

    /// The value stored for `key`, or `nil`. Setting `nil` removes it.
    public subscript(key: Key) -> Value? {
        get { table[key] }
        set { table[key] = newValue }
    }

    /// The value stored for `key`, or the given one; a change is stored.
    public subscript(key: Key, default fallback: @autoclosure () -> Value) -> Value {
        get { table[key, default: fallback()] }
        set { table[key] = newValue }
        _modify { yield &table[key, default: fallback()] }
    }

    public var count: Int { table.count }
    public var isEmpty: Bool { table.isEmpty }
    public func contains(_ key: Key) -> Bool { table[key] != nil }

    @discardableResult
    public mutating func remove(_ key: Key) -> Value? { table.removeValue(forKey: key) }
    public mutating func removeAll() { table.removeAll() }
}

extension Lookup where Key: Comparable {
    /// All keys, ascending: the only way to visit every entry, and one that is the same in every run.
    public var sortedKeys: [Key] { table.keys.sorted() }
}
