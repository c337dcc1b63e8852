import Glibc

/// Waits for changes of a folder of strategies: events of the kernel, brought together until they have been
/// quiet for a moment, and a slow look beside them for file systems that tell nothing.
///
/// The folder is watched, not the files: an editor that writes beside and renames leaves a watched file
/// behind for ever.
final class FolderWatch {
    private let path: String
    private let rest: Int64
    private var handle: Int32 = -1
    private var folderWatch: Int32 = -1
    private var wakePipe: (read: Int32, write: Int32) = (-1, -1)
    private var changedAt: Int64?
    private var firstChange: Int64 = 0
    private var lookedAt: Int64 = 0
    /// The last look was due because something changed, and not only by time.
    private(set) var sawChange = false

    /// Saving an editor's file is several events: nothing is read until they have been quiet for so long, ms;
    /// a file that never rests is read all the same after `longest`.
    static let quiet: Int64 = 150, longest: Int64 = 2_000
    /// Between two looks without an event, ms.
    static let rescan: Int64 = 5_000

    /// - Parameter rest: how long events must have been quiet before the folder is looked at, ms.
    init(_ path: String, rest: Int64 = FolderWatch.quiet) {
        (self.path, self.rest) = (path, rest)
        var ends: [Int32] = [-1, -1]
        if pipe(&ends) == 0 {
            for end in ends {
                _ = fcntl(end, F_SETFD, FD_CLOEXEC)
                _ = fcntl(end, F_SETFL, O_NONBLOCK)
            }
            wakePipe = (ends[0], ends[1])
        }
        handle = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        arm()
    }

    deinit { for file in [handle, wakePipe.read, wakePipe.write] where file >= 0 { close(file) } }

    /// Ends a `wait`; from any thread.
    func wake() {
        var byte: UInt8 = 0
        _ = write(wakePipe.write, &byte, 1)
    }

    /// Sleeps until the folder should be looked at, somebody calls `wake`, or that much time has passed.
    /// - Parameters:
    ///   - now: milliseconds of a clock that does not jump.
    ///   - most: milliseconds.
    /// - Returns: whether the folder should be looked at.
    func wait(now: () -> Int64, most: Int64) -> Bool {
        let until = now() + most
        while true {
            let at = now()
            let due = [
                changedAt.map { min($0 + rest, firstChange + Self.longest) }, lookedAt + Self.rescan,
            ]
            .compactMap { $0 }.min()!
            if at >= due {
                sawChange = changedAt != nil
                (changedAt, lookedAt) = (nil, at)
                arm()
                return true
            }
            if at >= until { return false }
            var polled = [
                pollfd(fd: handle, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wakePipe.read, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&polled, 2, Int32(min(due, until) - at))
            if polled[0].revents != 0, drain(handle) {
                if changedAt == nil { firstChange = now() }
                changedAt = now()
            }
            if polled[1].revents != 0 {
                _ = drain(wakePipe.read)
                return false
            }
        }
    }

    private func drain(_ file: Int32) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 8192)
        var any = false
        while read(file, &buffer, buffer.count) > 0 { any = true }
        return any
    }

    /// Also after a folder vanished and came back, and for a folder of includes made later.
    private func arm() {
        guard handle >= 0 else { return }
        let events = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)
        inotify_add_watch(handle, path, events | UInt32(IN_CREATE))
        inotify_add_watch(handle, path + "/lib", events)
    }
}
