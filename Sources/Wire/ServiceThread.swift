import Glibc
import Synchronization

/// A thread of this process's own, with every signal blocked: signals belong to the main thread.
final class ServiceThread: Sendable {
    private let handle: pthread_t
    private let joined = Mutex(false)

    init(_ body: @escaping @Sendable () -> Void) {
        ignoreBrokenPipes()
        let work = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, runServiceThread, work.toOpaque())
        precondition(code == 0, "no thread could be started: \(code)")
        handle = thread
    }

    var isCurrent: Bool { pthread_equal(pthread_self(), handle) != 0 }

    /// Waits until the body has returned. Does nothing the second time, or on the thread itself.
    func join() {
        guard !isCurrent else { return }
        joined.withLock { joined in
            if !joined { pthread_join(handle, nil) }
            joined = true
        }
    }

    /// Nobody will wait for this thread.
    func detach() {
        joined.withLock { joined in
            if !joined { pthread_detach(handle) }
            joined = true
        }
    }
}

private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

private func runServiceThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let work = Unmanaged<Work>.fromOpaque(context).takeRetainedValue()
    var every = sigset_t()
    sigfillset(&every)
    pthread_sigmask(SIG_BLOCK, &every, nil)
    work.body()
    return nil
}

/// A peer that went away is an error code of `write`, not a signal that ends the process.
func ignoreBrokenPipes() { _ = brokenPipesIgnored }
private let brokenPipesIgnored: Bool = {
    signal(SIGPIPE, SIG_IGN)
    return true
}()

/// Creating and freeing contexts touches globals of libwebsockets and OpenSSL: one at a time.
let contextLock = Mutex(())
