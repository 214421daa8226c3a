// Any bytes as a body in gzip: unpacked or refused, however they are cut.
import Serving

private let limit = 4096

/// What becomes of a body that comes in these pieces.
private func content(of pieces: [ArraySlice<UInt8>]) -> [RequestParser.Event] {
    var limits = ServerLimits()
    limits.bodyBytes = limit
    var parser = RequestParser(limits: limits)
    let length = pieces.reduce(0) { $0 + $1.count }
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: \(length)\r\n\r\n"
    var events: [RequestParser.Event] = []
    for piece in [Array(head.utf8)[...]] + pieces {
        parser.append(Array(piece))
        while let event = parser.next() { events.append(event) }
    }
    return events
}

/// The first byte says where the rest is cut.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzGzip(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = input.first else { return 0 }
    let bytes = input.dropFirst()
    let cut = bytes.startIndex + bytes.count * Int(first) / 256
    let whole = content(of: [bytes])
    precondition(whole == content(of: [bytes[..<cut], bytes[cut...]]), "a cut changes what is unpacked")
    for case .request(let request) in whole { precondition(request.body.count <= limit) }
    return 0
}
