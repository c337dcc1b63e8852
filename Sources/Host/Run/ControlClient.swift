import Console
import Exchange
import Gateway
import Glibc
import Synchronization
import Wire

/// Reaches a running host over its `control.sock`; a file whose host is gone is passed over.
struct ControlClient {
    let path: String

    /// The socket of the one host that runs on a data folder: live before paper before the youngest demo.
    /// - Throws: where it was looked for.
    init(data: String) throws(StartFault) {
        let demos = DataFolder.names(in: data + "/demo").reversed().map { "\(data)/demo/\($0)" }
        for folder in [data, data + "/live", data + "/paper"] + demos {
            let path = folder + "/" + ControlServer.file
            if UnixSocket.isServed(path) {
                self.path = path
                return
            }
            guard !ProcessLock.isHeld(folder + "/lock") else {
                throw StartFault(
                    "a host runs on \(folder) and cannot be reached over \(path); its log says why. "
                        + "The signal USR1 to its process halts it")
            }
        }
        throw StartFault("no host runs on \(data); --data names another data folder")
    }

    /// One request, waited for.
    /// - Parameter seconds: how long; a rehearsal takes its time.
    func ask(_ method: HTTPMethod, _ target: String, seconds: Int = 20) throws(StartFault) -> RESTAnswer {
        let client = RESTClient(baseURL: "http://localhost", caFile: nil, unixSocketPath: path)
        defer { client.stop() }
        let result = Mutex<RESTResult?>(nil)
        let gate = Gate()
        client.send(
            RESTRequest(
                method: method, target: target, body: method == .post ? [] : nil,
                deadlineMilliseconds: seconds * 1000, stateChanging: method == .post)
        ) { answer in
            result.withLock { $0 = answer }
            gate.open()
        }
        gate.wait()
        switch result.withLock({ $0 }) {
        case .answered(let answer)?: return answer
        case .failed(let failure)?, .unknown(let failure)?: throw StartFault("\(path): \(failure.text)")
        case nil: throw StartFault("\(path): no answer")
        }
    }
}
