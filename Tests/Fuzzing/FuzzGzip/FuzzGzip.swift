// Any bytes as a body in gzip: what zlib says of them at once, however they are cut.
import CZlib
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

/// Whole members one after the other, each in one call; nil where they are damaged, `limit` + 1 bytes where there are more.
private func unpacked(_ packed: ArraySlice<UInt8>) -> [UInt8]? {
    var packed = Array(packed)
    var output = [UInt8](repeating: 0, count: limit + 1)
    var stream = z_stream()
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    return packed.withUnsafeMutableBufferPointer { input in
        output.withUnsafeMutableBufferPointer { output in
            (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
            (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
            while true {
                let status = inflate(&stream, Z_FINISH)
                if stream.avail_out == 0 { return Array(output) }
                guard status == Z_STREAM_END else { return nil }
                if stream.avail_in == 0 { return Array(output.dropLast(Int(stream.avail_out))) }
                guard inflateReset(&stream) == Z_OK else { return nil }
            }
        }
    }
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
    // A body of no bytes has no coding, and one past the limit is refused by its length.
    guard !bytes.isEmpty, bytes.count <= limit else { return 0 }
    switch (whole.last, unpacked(bytes)) {
    case (.request(let request), let body?): precondition(request.body == body && body.count <= limit, "other bytes")
    case (.refusal(.bodyTooLarge), let body?): precondition(body.count > limit, "a body that fits is refused")
    case (.refusal(.malformed(.contentCoding)), nil): break
    default: preconditionFailure("zlib says otherwise")
    }
    return 0
}
