import CCurl
import Glibc

/// One request on its way. Lives on the client's thread once it is started.
final class RESTTransfer: @unchecked Sendable {
    static let bodyBytesMax = 8 << 20

    let request: RESTRequest
    let completion: @Sendable (RESTResult) -> Void
    let deadline: Int64
    private var status = 0
    private var contentType: String?
    private var ageSeconds: Int?
    private var body: [UInt8] = []
    private var sentMicroseconds: Int64?
    private var isOversized = false
    private var wouldRepeat = false
    private var headerList: UnsafeMutablePointer<curl_slist>?

    init(_ request: RESTRequest, _ completion: @escaping @Sendable (RESTResult) -> Void) {
        self.request = request
        self.completion = completion
        deadline = MonotonicClock.microseconds() + Int64(max(request.deadlineMilliseconds, 0)) * 1_000
    }

    deinit { curl_slist_free_all(headerList) }

    // MARK: Setting up

    /// What every transfer of a client shares.
    struct Origin: Sendable {
        var baseURL: String
        var caFile: String?
        var unixSocketPath: String?
        var isLocal: Bool
    }

    /// False when libcurl refuses an option.
    func prepare(_ easy: UnsafeMutableRawPointer, _ origin: Origin, now: Int64) -> Bool {
        let left = Int(max((deadline - now) / 1_000, 1))
        let context = Unmanaged.passUnretained(self).toOpaque()
        var codes = [
            wire_set_text(easy, CURLOPT_URL, origin.baseURL + request.target),
            wire_set_number(easy, CURLOPT_PATH_AS_IS, 1),
            wire_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https"),
            wire_set_number(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)),
            wire_set_number(easy, CURLOPT_NOSIGNAL, 1),
            wire_set_number(easy, CURLOPT_TCP_NODELAY, 1),
            wire_set_number(easy, CURLOPT_TCP_KEEPALIVE, 1),
            wire_set_number(easy, CURLOPT_FOLLOWLOCATION, 0),
            wire_set_number(easy, CURLOPT_SSL_VERIFYPEER, 1),
            wire_set_number(easy, CURLOPT_SSL_VERIFYHOST, 2),
            wire_set_number(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
            // A hanging resolver must not hold the thread when its transfer is over.
            wire_set_number(easy, CURLOPT_QUICK_EXIT, 1),
            wire_set_number(easy, CURLOPT_TIMEOUT_MS, left),
            wire_set_number(easy, CURLOPT_CONNECTTIMEOUT_MS, min(left, 10_000)),
            wire_set_number(easy, CURLOPT_MAXAGE_CONN, 55),
            wire_set_text(easy, CURLOPT_ACCEPT_ENCODING, ""),
            wire_set_text(easy, CURLOPT_USERAGENT, "neap"),
            wire_set_callbacks(easy, context, restBody, restHeader, restBeforeRequest),
        ]
        if let caFile = origin.caFile { codes.append(wire_set_text(easy, CURLOPT_CAINFO, caFile)) }
        if let path = origin.unixSocketPath {
            codes.append(wire_set_text(easy, CURLOPT_UNIX_SOCKET_PATH, path))
        }
        if origin.isLocal { codes.append(wire_set_text(easy, CURLOPT_NOPROXY, "*")) }
        codes += prepareBody(easy)
        return codes.allSatisfy { $0 == CURLE_OK } && prepareHeaders(easy)
    }

    private func prepareBody(_ easy: UnsafeMutableRawPointer) -> [CURLcode] {
        var codes: [CURLcode] = []
        let wantsLength = request.method == .post || request.method == .put || request.method == .patch
        if let body = request.body ?? (wantsLength ? [] : nil) {
            codes.append(wire_set_number(easy, CURLOPT_POST, 1))
            codes.append(body.isEmpty ? wire_set_body(easy, "", 0) : wire_set_body(easy, body, body.count))
        } else {
            codes.append(wire_set_number(easy, CURLOPT_HTTPGET, 1))
        }
        codes.append(wire_set_text(easy, CURLOPT_CUSTOMREQUEST, request.method.rawValue))
        return codes
    }

    private func prepareHeaders(_ easy: UnsafeMutableRawPointer) -> Bool {
        var lines = request.headers.map { "\($0.0): \($0.1)" }
        if !request.headers.contains(where: { $0.0.lowercased() == "content-type" }) {
            lines.append("Content-Type:")  // not a form
        }
        lines.append("Expect:")  // no second of waiting for permission
        for line in lines {
            guard !line.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 }),
                let longer = curl_slist_append(headerList, line)
            else { return false }
            headerList = longer
        }
        return wire_set_headers(easy, headerList) == CURLE_OK
    }

    // MARK: What libcurl calls, on the client's thread

    fileprivate func begin() -> Bool {
        // The second call means a kept connection died after sending: the first try may have been executed.
        if sentMicroseconds != nil, request.stateChanging {
            wouldRepeat = true
            return false
        }
        sentMicroseconds = MonotonicClock.microseconds()
        return true
    }

    fileprivate func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= RESTTransfer.bodyBytesMax else {
            isOversized = true
            return false
        }
        body += bytes
        return true
    }

    fileprivate func takeHeader(_ line: String) {
        if line.hasPrefix("HTTP/") {
            (contentType, ageSeconds, body) = (nil, nil, [])
            return
        }
        guard let colon = line.firstIndex(of: ":") else { return }
        let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            .prefix { $0 != "\r\n" && $0 != "\r" && $0 != "\n" }
        switch line[..<colon].lowercased() {
        case "content-type": contentType = String(value)
        case "age": ageSeconds = Int(value).flatMap { $0 >= 0 ? $0 : nil }
        default: break
        }
    }

    // MARK: Ending

    func finish(_ code: CURLcode, status: Int) {
        let now = MonotonicClock.microseconds()
        guard code == CURLE_OK else {
            return fail(cause(code), String(cString: curl_easy_strerror(code)), now: now)
        }
        let answer = RESTAnswer(
            status: status, contentType: contentType, ageSeconds: ageSeconds, body: body,
            sentMicroseconds: sentMicroseconds, receivedMicroseconds: now)
        completion(.answered(answer))
    }

    func fail(_ cause: RESTFailure.Cause, _ text: String, now: Int64 = MonotonicClock.microseconds()) {
        let failure = RESTFailure(
            cause: cause, text: text, sentMicroseconds: sentMicroseconds, receivedMicroseconds: now)
        let mayBeExecuted = request.stateChanging && sentMicroseconds != nil
        completion(mayBeExecuted ? .unknown(failure) : .failed(failure))
    }

    private func cause(_ code: CURLcode) -> RESTFailure.Cause {
        if wouldRepeat { return .wouldRepeat }
        if isOversized { return .oversized }
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: return .badRequest
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: return .unresolved
        case CURLE_COULDNT_CONNECT: return .refused
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE:
            return .untrusted
        case CURLE_OPERATION_TIMEDOUT: return .deadline
        default: return .cut
        }
    }
}

private func transfer(_ context: UnsafeMutableRawPointer?) -> RESTTransfer? {
    context.map { Unmanaged<RESTTransfer>.fromOpaque($0).takeUnretainedValue() }
}

private func restBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let taken = transfer(context)?.take(UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? false
    return taken ? size * count : 0
}

private func restHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    transfer(context)?.takeHeader(String(decoding: line, as: UTF8.self))
    return size * count
}

private func restBeforeRequest(
    _ context: UnsafeMutableRawPointer?, _ remote: UnsafeMutablePointer<CChar>?,
    _ local: UnsafeMutablePointer<CChar>?, _ remotePort: Int32, _ localPort: Int32
) -> Int32 {
    (transfer(context)?.begin() ?? false) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}
