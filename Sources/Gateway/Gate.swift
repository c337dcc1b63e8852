import Glibc

/// Opens once; whoever waits goes on then.
public final class Gate: @unchecked Sendable {
    // Unchecked: a POSIX semaphore is made for several threads.
    private let semaphore: UnsafeMutablePointer<sem_t>

    public init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    public func open() { sem_post(semaphore) }

    public func wait() {
        while sem_wait(semaphore) != 0 {}
        sem_post(semaphore)
    }
}
