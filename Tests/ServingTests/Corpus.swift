// The requests of ../shared/corpora, and our verdicts.
import Fixtures
import Foundation
import HTTPTypes
import Serving
import Sockets
import Testing

/// A raw request of another parser's test suite.
struct CorpusCase: Sendable, CustomTestStringConvertible {
    let name: String
    /// What its own suite wants: `accept`, `reject` or `either`.
    let theirs: String
    /// Whether a request of HTTP/1.1 in it has a Host.
    let hasHost: Bool
    let raw: [UInt8]

    var testDescription: String { name }

    static let all: [CorpusCase] = {
        guard Shared.isPresent, let lines = try? Shared.lines("corpora/http.jsonl") else { return [] }
        return lines.compactMap { line in
            guard let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
                let name = object["name"] as? String,
                let theirs = object["theirs"] as? String,
                let hasHost = object["has_host"] as? Bool,
                let raw = (object["raw_b64"] as? String).flatMap({ Data(base64Encoded: $0) })
            else { return nil }
            return CorpusCase(name: name, theirs: theirs, hasHost: hasHost, raw: [UInt8](raw))
        }
    }()

    /// The same with a Host in every head of HTTP/1.1, so that the rest of it is judged too.
    var withHost: [UInt8] {
        // In the one whose body looks like a request, a Host would make the body longer than it says.
        guard !hasHost, name != "valid/020" else { return raw }
        let version = Array(" HTTP/1.1\r\n".utf8)
        var result: [UInt8] = []
        var rest = raw[...]
        while let place = rest.firstRange(of: version) {
            result += rest[..<place] + version + Array("Host: example.com\r\n".utf8)
            rest = rest[(place + version.count)...]
        }
        return result + rest
    }
}

/// What a connection makes of an input: the requests it answers until it closes, and what then refuses it.
struct Verdict: CustomStringConvertible {
    var requests: [Request] = []
    var refusal: Refusal?
    /// The input ended in the middle of a message that was all right so far.
    var isCutShort = false

    /// Lets a connection take `bytes` in and then end, without a socket; every request is answered with 200.
    init(on bytes: [UInt8]) {
        let now = Instant.now
        var life = ConnectionLife(limits: ServerLimits(), deadlines: ServerDeadlines(), now: now)
        life.received(bytes, now: now)
        while true {
            switch life.next(now: now) {
            case .read: life.peerFinished()
            case .decide: life.letIn()
            case .sendContinue: continue
            case .respond(.request(let request)):
                requests.append(request)
                _ = life.answered(Response(status: .ok), date: [])
                life.written(now: now)
            case .respond(.refusal(let refusal, of: _)):
                isCutShort = refusal == .malformed(.truncated)
                self.refusal = refusal
                _ = life.answered(Response(status: .badRequest), date: [])
                life.written(now: now)
            case .handshake, .finish, .close: return
            }
        }
    }

    /// Nothing in it is refused; what is cut short may still go on.
    var accepts: Bool { refusal == nil || isCutShort }

    var description: String { "\(requests.map { "\($0.method) \($0.body.count)" }) \(refusal.map { "\($0)" } ?? "")" }
}

/// Where our verdict is not that of the suite, and why; rows and sections are those of reference/http-policy.md.
let corpusDifferences: [String: String] = {
    let reasons: [(String, [String])] = [
        // They accept, we refuse.
        (
            "a fragment in the target",
            [
                "valid/005", "valid/009", "llhttp-198", "llhttp-199", "desync-guardian-250",
            ]
        ),
        ("a byte above 126 in the target", ["valid/027"]),
        ("a header line longer than 8 KiB", ["valid/026"]),
        ("a head longer than 16 KiB", ["valid/024"]),
        (
            "Transfer-Encoding other than exactly one `chunked`",
            [
                "valid/025", "valid/025_line", "valid/029", "valid/rfc9112_smuggle_gzip_chunked_01",
                "valid/rfc9112_smuggle_te_identity_chunked_01", "desync-guardian-234", "desync-guardian-236",
                "desync-guardian-237", "desync-guardian-238", "desync-guardian-247", "desync-guardian-248",
                "desync-guardian-249",
            ]
        ),
        ("a space before the colon", ["valid/028"]),
        ("obs-fold", ["valid/compat_obs_fold", "valid/compat_obs_fold_huge"]),
        ("the PROXY protocol is no HTTP", ["valid/pp_01", "valid/pp_02", "valid/pp_04", "valid/pp_05"]),
        (
            "an unknown method is 501",
            [
                "valid/031", "valid/031compat", "llhttp-159", "llhttp-163", "llhttp-165", "llhttp-166", "llhttp-167",
                "llhttp-168", "llhttp-169",
            ]
        ),
        (
            "CONNECT is 501",
            [
                "valid/rfc9112_target_authority_connect_01", "valid/rfc9112_target_authority_ipv6_01", "llhttp-160",
                "llhttp-161", "llhttp-162", "llhttp-213",
            ]
        ),
        ("a protocol other than HTTP", ["llhttp-170", "llhttp-171", "llhttp-172"]),
        ("HTTP/0.9", ["llhttp-183"]),
        ("no target at all", ["desync-guardian-252"]),
        // They reject, we accept.
        ("gunicorn was set to lines of 4 KiB there; ours may have 8", ["invalid/006"]),
        ("gunicorn was set to smaller headers there", ["invalid/008", "invalid/010", "invalid/017"]),
        ("a header of 8,190 bytes is one too many for gunicorn", ["invalid/limit_header_default_01"]),
        ("gunicorn compares forwarding headers; we never look at them", ["invalid/019"]),
        ("what follows a last request is left unread; llhttp rejects it", ["llhttp-109", "llhttp-114", "llhttp-115"]),
        // They reject what merely ends too early. So do we, but only when the caller has stopped sending.
        (
            "cut short: 400 at the end of the input, 408 at the deadline",
            [
                "invalid/001", "llhttp-125", "llhttp-126", "llhttp-153", "llhttp-154",
            ]
        ),
    ]
    var table: [String: String] = [:]
    for (reason, names) in reasons { for name in names { table[name] = reason } }
    return table
}()
