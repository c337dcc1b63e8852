import Glibc
import Synchronization
import Wire

/// Notices the file `HALT` in the folder of a run as soon as it is made, on a thread of its own. Whoever
/// waits in the run's loop looks now and then as well, for file systems that tell nothing.
final class HaltFile: @unchecked Sendable {
    // Unchecked: the watch belongs to the thread, but for its `wake`.
    private let path: String
    private let watch: FolderWatch
    private let found: @Sendable () -> Void
    private let isStopped = Atomic(false)
    private var thread = pthread_t()

    static let name = "HALT"

    /// - Parameter found: called while the file is there, as often as something happens beside it.
    init(folder: String, found: @escaping @Sendable () -> Void) {
        path = folder + "/" + Self.name
        watch = FolderWatch(folder, rest: 0)
        self.found = found
        let code = pthread_create(
            &thread, nil,
            { owner in
                guard let owner else { return nil }
                Unmanaged<HaltFile>.fromOpaque(owner).takeRetainedValue().work()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        precondition(code == 0, "the thread that looks for \(Self.name) starts")
    }

    /// Joins the thread.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        watch.wake()
        pthread_join(thread, nil)
    }

    static func isThere(_ folder: String) -> Bool { access(folder + "/" + name, F_OK) == 0 }

    private func work() {
        while !isStopped.load(ordering: .relaxed) {
            let isDue = watch.wait(now: { MonotonicClock.microseconds() / 1000 }, most: 60_000)
            if isDue, access(path, F_OK) == 0 { found() }
        }
    }
}
