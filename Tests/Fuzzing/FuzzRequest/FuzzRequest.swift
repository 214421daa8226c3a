// Any bytes as requests: read the same however they are cut.
import Serving

/// What a parser says of the pieces, and of their end.
private func reading(of pieces: [ArraySlice<UInt8>]) -> (events: [RequestParser.Event], end: Refusal?) {
    var limits = ServerLimits()
    // Small enough to be reached.
    limits.bodyBytes = 4096
    var parser = RequestParser(limits: limits)
    var events: [RequestParser.Event] = []
    for piece in pieces {
        parser.append(Array(piece))
        while let event = parser.next() { events.append(event) }
    }
    return (events, parser.finish())
}

/// The first byte says where the rest is cut.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzRequest(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = input.first else { return 0 }
    let bytes = input.dropFirst()
    let cut = bytes.startIndex + bytes.count * Int(first) / 256
    let whole = reading(of: [bytes])
    precondition(whole == reading(of: [bytes[..<cut], bytes[cut...]]), "a cut changes what is read")
    // The short ones are read byte by byte too, which takes a hundred times as long.
    let single = bytes.count <= 256 ? bytes.indices.map { bytes[$0...$0] } : [bytes]
    precondition(whole == reading(of: single), "byte by byte something else is read")
    for case .request(let request) in whole.events { precondition(request.body.count <= 4096) }
    // RFC 9110 5.3: lines of one name are one list.
    let lines = bytes.split(separator: UInt8(ascii: ",")).map(Array.init)
    precondition(ContentCoding.acceptsGzip([Array(bytes)]) == ContentCoding.acceptsGzip(lines))
    return 0
}
