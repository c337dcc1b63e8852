import CWebSockets
import Glibc
import Synchronization

/// Where a server listens.
public enum Listen: Sendable, Equatable {
    /// A numeric address (or `localhost`, or `0.0.0.0` for every one) and a port; 0 lets the system choose.
    case tcp(host: String, port: Int)
    /// A socket file of mode 0600, its path at most 107 bytes. A stale file is replaced, a living
    /// server's is not.
    case unix(path: String)
}

/// PEM files of a server's certificate chain and its key.
public struct TLSFiles: Sendable, Equatable {
    public var certificate: String
    public var key: String
    public init(certificate: String, key: String) { (self.certificate, self.key) = (certificate, key) }
}

/// Why a server could not start.
public enum ServerFault: Error, Equatable, Sendable {
    /// The address is taken, not ours, or not an address.
    case cannotListen(String)
    /// A certificate or key file cannot be read or used.
    case badCertificate(String)
    case outOfResources

    /// For people.
    public var plainText: String {
        switch self {
        case .cannotListen(let place): "\(place): cannot be listened on; the port is taken or not ours"
        case .badCertificate(let file): "\(file): cannot be read or used as certificate or key"
        case .outOfResources: "no memory for a server"
        }
    }
}

/// Names one request until it is answered. Never used twice by one server.
public struct RequestToken: Hashable, Sendable {
    let connection: UInt64
    let sequence: UInt64
}

/// Names one WebSocket. Never used twice by one server.
public struct ConnectionToken: Hashable, Sendable { let connection: UInt64 }

/// What a server does with requests and messages. Every method is called on the server's service thread,
/// one at a time and never from inside a `ServerIO` call: an implementation needs no locks.
public protocol HTTPServerHandler: AnyObject, Sendable {
    /// The service thread runs. `io` stays the same object until the server stops.
    func started(_ io: ServerIO)
    /// A whole request came. It waits for `respond` or `drop`, now or later.
    func request(_ request: HTTPRequest, _ id: RequestToken, _ io: ServerIO)
    /// May this WebSocket be opened? No: it is answered 403. Without an implementation: yes.
    func admits(_ upgrade: HTTPRequest) -> Bool
    /// A WebSocket is open. `path` is the request's target with its `?query`, undecoded.
    func opened(_ c: ConnectionToken, path: String, _ io: ServerIO)
    /// A whole message of at most 1 MiB came.
    func message(_ c: ConnectionToken, _ bytes: [UInt8], _ io: ServerIO)
    /// The WebSocket is gone. Called once for every `opened`.
    func closed(_ c: ConnectionToken, _ io: ServerIO)
    /// `HTTPServer.wake` was called, or the scheduled time has come. May come more often than asked for.
    func wake(_ io: ServerIO)
}

extension HTTPServerHandler {
    public func admits(_ upgrade: HTTPRequest) -> Bool { true }
}

/// HTTP/1.1 and WebSocket on one port, all on one thread that owns every socket.
///
/// libwebsockets does the loop, the timers and TLS; the protocols above the bytes are spoken here, because
/// that library's own HTTP role mixes up bodies of pipelined requests.
public final class HTTPServer: Sendable {
    /// The port listened on; 0 for a unix socket.
    public let port: Int
    private let core: ServerCore
    private let thread: ServiceThread

    /// Listens at once and starts the thread. `handler` is kept until `stop`.
    public init(
        listen: Listen, tls: TLSFiles? = nil, handler: any HTTPServerHandler
    ) throws(ServerFault) {
        ignoreBrokenPipes()
        let core = ServerCore(handler: handler)
        port = try core.listen(listen, tls)
        self.core = core
        thread = ServiceThread { core.run() }
    }

    deinit {
        core.requestStop()
        thread.join()
    }

    /// Has `handler.wake` called soon. From any thread; does nothing after `stop`.
    public func wake() { core.wake() }

    /// Closes every connection, ends the thread and waits for it. From any thread but the service thread.
    public func stop() {
        precondition(!thread.isCurrent, "a server cannot be stopped from its own thread")
        core.requestStop()
        thread.join()
    }
}

/// What belongs to the service thread. Only `wake` and `requestStop` are called from others.
final class ServerCore: @unchecked Sendable {
    let handler: any HTTPServerHandler
    private(set) var host: UnsafeMutablePointer<wire_host>?
    private(set) var connections: [UInt64: ServerConnection] = [:]
    private var lastConnection: UInt64 = 0
    /// Descriptor of the alarm; the service loop owns and closes it.
    private var alarm: Int32?
    private var timerDue: Int64?
    private var socketPath: String?
    private(set) var isStopping = false
    /// The host as other threads may wake it; nil once it is about to be freed.
    private let wakeable = Mutex<Wakeable>(Wakeable())
    private let stopRequested = Atomic(false)
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 16)
    private lazy var io = ServerIO(self)

    private struct Wakeable: @unchecked Sendable { var host: UnsafeMutablePointer<wire_host>? }

    init(handler: any HTTPServerHandler) { self.handler = handler }

    deinit { scratch.deallocate() }

    func listen(_ listen: Listen, _ tls: TLSFiles?) throws(ServerFault) -> Int {
        if let tls {
            for file in [tls.certificate, tls.key] where access(file, R_OK) != 0 {
                throw .badCertificate(file)
            }
        }
        let user = Unmanaged.passUnretained(self).toOpaque()
        guard
            let host = contextLock.withLock({ _ in
                UncheckedPointer(wire_host_create(serverCallback, user, 65536, 65536, 4096))
            }).pointer
        else { throw .outOfResources }
        self.host = host
        guard let port = try bind(host, listen, tls) else {
            contextLock.withLock { _ in wire_host_free(host) }
            self.host = nil
            switch listen {
            case .tcp(let name, let port):
                // The library does not say which of the two it was.
                let files = tls.map { " (or \($0.certificate) and \($0.key) do not belong together)" } ?? ""
                throw .cannotListen("\(name):\(port)" + files)
            case .unix(let path): throw .cannotListen(path)
            }
        }
        wakeable.withLock { $0.host = host }
        return port
    }

    private func bind(
        _ host: UnsafeMutablePointer<wire_host>, _ listen: Listen, _ tls: TLSFiles?
    ) throws(ServerFault) -> Int? {
        switch listen {
        case .tcp(let name, let port):
            guard (0...65535).contains(port) else { return nil }
            let address = name == "localhost" ? "127.0.0.1" : name
            let isEvery = address == "0.0.0.0" || address == "::"
            let vhost = contextLock.withLock { _ in
                UncheckedPointer(
                    wire_host_listen(
                        host, isEvery ? nil : address, Int32(port), 0, address.contains(":") ? 1 : 0,
                        tls?.certificate, tls?.key))
            }.pointer
            guard let vhost, setAlarm(vhost) else { return nil }
            return Int(lws_get_vhost_listen_port(vhost))
        case .unix(let path):
            guard (1...107).contains(path.utf8.count), !isServed(path) else { return nil }
            let before = umask(0o177)
            let vhost = contextLock.withLock { _ in
                UncheckedPointer(wire_host_listen(host, path, 0, 1, 0, tls?.certificate, tls?.key))
            }.pointer
            umask(before)
            guard let vhost, chmod(path, 0o600) == 0, setAlarm(vhost) else { return nil }
            socketPath = path
            return 0
        }
    }

    private func setAlarm(_ vhost: OpaquePointer) -> Bool {
        let made = wire_alarm_create(vhost)
        alarm = made < 0 ? nil : made
        return made >= 0
    }

    /// The body of the service thread.
    func run() {
        guard let host else { return }
        handler.started(io)
        while !stopRequested.load(ordering: .acquiring), wire_host_serve(host) >= 0 {}
        isStopping = true
        wakeable.withLock { $0.host = nil }
        alarm = nil
        contextLock.withLock { _ in wire_host_free(host) }
        self.host = nil
        for connection in connections.values { connection.gone(io) }
        connections = [:]
        if let socketPath { unlink(socketPath) }
    }

    func wake() {
        wakeable.withLock { if let host = $0.host { wire_host_wake(host) } }
    }

    func requestStop() {
        stopRequested.store(true, ordering: .releasing)
        wake()
    }

    func schedule(afterMicroseconds: Int64) {
        guard let alarm, !isStopping else { return }
        let due = MonotonicClock.microseconds() + max(afterMicroseconds, 1)
        if let timerDue, timerDue <= due { return }
        timerDue = due
        wire_alarm_set(alarm, max(afterMicroseconds, 1))
    }

    private func rang() {
        guard let alarm else { return }
        wire_alarm_heard(alarm)
        timerDue = nil
        if !isStopping { handler.wake(io) }
    }

    fileprivate func handle(
        _ wsi: OpaquePointer, _ reason: lws_callback_reasons, _ bytes: UnsafeRawBufferPointer
    ) -> Int32 {
        switch reason {
        case LWS_CALLBACK_RAW_RX:
            return connections[UInt64(wire_tag(wsi))]?.receive(bytes, io) ?? -1
        case LWS_CALLBACK_RAW_WRITEABLE:
            return connections[UInt64(wire_tag(wsi))]?.write(io) ?? -1
        case LWS_CALLBACK_RAW_ADOPT:
            lastConnection += 1
            wire_set_tag(wsi, UInt(lastConnection))
            if socketPath == nil { wire_set_no_delay(wsi) }
            connections[lastConnection] = ServerConnection(lastConnection, wsi, self)
        case LWS_CALLBACK_RAW_CLOSE:
            connections.removeValue(forKey: UInt64(wire_tag(wsi)))?.gone(io)
        case LWS_CALLBACK_RAW_RX_FILE: rang()
        case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
            if !isStopping, !stopRequested.load(ordering: .acquiring) { handler.wake(io) }
        default: break
        }
        return 0
    }
}

/// A pointer handed out of a lock's closure.
struct UncheckedPointer<Pointer>: @unchecked Sendable {
    let pointer: Pointer
    init(_ pointer: Pointer) { self.pointer = pointer }
}

private func serverCallback(
    _ wsi: OpaquePointer?, _ reason: lws_callback_reasons, _ user: UnsafeMutableRawPointer?,
    _ input: UnsafeMutableRawPointer?, _ count: Int
) -> Int32 {
    switch reason {
    case LWS_CALLBACK_RAW_RX, LWS_CALLBACK_RAW_WRITEABLE, LWS_CALLBACK_RAW_ADOPT, LWS_CALLBACK_RAW_CLOSE,
        LWS_CALLBACK_RAW_RX_FILE, LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        guard let wsi, let context = wire_user(wsi) else { return 0 }
        let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
        return core.handle(wsi, reason, UnsafeRawBufferPointer(start: input, count: input == nil ? 0 : count))
    default: return 0
    }
}

/// Sockets that are files.
public enum UnixSocket {
    /// True when somebody answers there; a socket file stays behind a server that was killed.
    public static func isServed(_ path: String) -> Bool {
        access(path, F_OK) == 0 && path.utf8.count <= 107 && Wire.isServed(path)
    }
}

/// True when the file is not a socket, or is one that somebody answers on.
private func isServed(_ path: String) -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0 else { return false }
    guard status.st_mode & S_IFMT == S_IFSOCK else { return true }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return true }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
        }
    }
}
