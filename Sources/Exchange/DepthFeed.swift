import Core

/// Keeps one book in step with the venue: snapshot and differences (PROTOCOL 6.5).
///
/// It holds no book; it says what to do to one, and when a snapshot is to be asked for.
public struct DepthFeed: Sendable {
    public enum Action: Sendable, Equatable {
        case apply(BookChange)
        /// Ask for `GET /api/v1/depth` with `limit=1000`; hand the answer to `snapshot`, or its failure to
        /// `failed`.
        case requestSnapshot
    }

    private enum State: Sendable, Equatable {
        /// Nothing is subscribed.
        case idle
        /// Frames are kept until a snapshot comes.
        case buffering
        /// The next frame starts at or below `last + 1` and reaches it: the first after a snapshot may
        /// overlap.
        case joined(last: Int64)
        /// The next frame starts exactly at `last + 1`.
        case chained(last: Int64)
    }

    private var state = State.idle
    private var buffer: [DepthFrame] = []
    private var isRequested = false
    /// Frames kept while waiting; beyond it the oldest go, and the snapshot has to be newer than those.
    public static let framesMax = 4096

    /// Times the chain broke since the start, and snapshots used.
    public private(set) var gaps = 0, resyncs = 0

    public init() {}

    public var isSynced: Bool {
        switch state {
        case .joined, .chained: true
        case .idle, .buffering: false
        }
    }
    public var needsSnapshot: Bool { state == .buffering }

    /// The stream was subscribed anew: whatever was known is void.
    public mutating func begin() -> [Action] {
        let wasSynced = isSynced
        (state, buffer) = (.buffering, [])
        isRequested = true
        return wasSynced ? [.apply(.lost("subscribed anew")), .requestSnapshot] : [.requestSnapshot]
    }

    /// The stream is gone, or a frame of it was.
    public mutating func lose(_ reason: String, stopped: Bool) -> [Action] {
        let wasSynced = isSynced
        var actions: [Action] = wasSynced ? [.apply(.lost(reason))] : []
        buffer = []
        if stopped {
            (state, isRequested) = (.idle, false)
        } else {
            state = .buffering
            actions += request()
        }
        return actions
    }

    /// A frame in the order it came.
    public mutating func frame(_ frame: DepthFrame) -> [Action] {
        switch state {
        case .idle: return []
        case .buffering:
            if buffer.count == DepthFeed.framesMax { buffer.removeFirst(DepthFeed.framesMax / 4) }
            buffer.append(frame)
            return request()
        case .joined(let last) where frame.last > last && frame.first <= last + 1: return apply(frame)
        case .chained(let last) where frame.first == last + 1: return apply(frame)
        case .joined(let last) where frame.last <= last: return []  // older than the snapshot
        case .chained(let last) where frame.last <= last: return []  // a repeat
        case .joined(let last), .chained(let last): return gap(frame, after: last)
        }
    }

    /// The answer to `requestSnapshot`. Levels in any order.
    public mutating func snapshot(bids: [Level], asks: [Level], sequence: Int64) -> [Action] {
        isRequested = false
        guard state == .buffering else { return [] }
        let kept = buffer.filter { $0.last > sequence }
        if let first = kept.first, first.first > sequence + 1 {
            buffer = kept
            return request()  // the stream starts later than the snapshot ends
        }
        resyncs += 1
        state = .joined(last: sequence)
        buffer = []
        var actions: [Action] = [.apply(.snapshot(bids: bids, asks: asks, sequence: sequence))]
        for frame in kept { actions += self.frame(frame) }
        return actions
    }

    /// The snapshot did not come. Says whether to ask again; when is the caller's to choose.
    public mutating func failed() -> [Action] {
        isRequested = false
        return state == .buffering ? request() : []
    }

    private mutating func apply(_ frame: DepthFrame) -> [Action] {
        state = .chained(last: frame.last)
        return [.apply(.delta(bids: frame.bids, asks: frame.asks, sequence: frame.last))]
    }

    private mutating func gap(_ frame: DepthFrame, after last: Int64) -> [Action] {
        gaps += 1
        (state, buffer) = (.buffering, [frame])
        return [.apply(.lost("update \(frame.first) follows \(last)"))] + request()
    }

    private mutating func request() -> [Action] {
        if isRequested { return [] }
        isRequested = true
        return [.requestSnapshot]
    }
}
