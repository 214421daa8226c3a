// Any bytes as a body in chunks: read as the plainest reader would, however they are cut, or refused.
import Serving

private let limits: ServerLimits = {
    var limits = ServerLimits()
    // Small enough to be reached.
    (limits.bodyBytes, limits.chunkCount, limits.extensionBytes, limits.headBytes) = (2048, 64, 64, 512)
    return limits
}()

private let head = Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)

/// What the parser says of the pieces behind a head.
private func reading(of pieces: [ArraySlice<UInt8>]) -> [RequestParser.Event] {
    var parser = RequestParser(limits: limits)
    var events: [RequestParser.Event] = []
    for piece in [head[...]] + pieces {
        parser.append(Array(piece))
        while let event = parser.next() { events.append(event) }
    }
    return events
}

/// The content of a body that was taken, read without a doubt: size, line end, so many bytes, line end.
private func content(of chunks: ArraySlice<UInt8>) -> [UInt8] {
    var (body, rest): ([UInt8], ArraySlice<UInt8>) = ([], chunks)
    while let end = rest.firstIndex(of: 0x0D) {
        let digits = rest[..<end].prefix { $0 != UInt8(ascii: ";") }
        guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size > 0 else { break }
        rest = rest[(end + 2)...]
        body += rest.prefix(size)
        rest = rest.dropFirst(size + 2)
    }
    return body
}

/// The same content in chunks of these sizes.
private func chunks(of body: [UInt8], sizes: ArraySlice<UInt8>) -> [UInt8] {
    var (text, rest): ([UInt8], ArraySlice<UInt8>) = ([], body[...])
    for size in sizes.prefix(limits.chunkCount - 1) where size > 0 && !rest.isEmpty {
        let piece = rest.prefix(Int(size))
        text += Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [0x0D, 0x0A]
        rest = rest.dropFirst(piece.count)
    }
    if !rest.isEmpty { text += Array("\(String(rest.count, radix: 16))\r\n".utf8) + rest + [0x0D, 0x0A] }
    return text + Array("0\r\n\r\n".utf8)
}

/// The first byte says where the rest is cut.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzChunks(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = input.first else { return 0 }
    let bytes = input.dropFirst()
    let cut = bytes.startIndex + bytes.count * Int(first) / 256
    let whole = reading(of: [bytes])
    precondition(whole == reading(of: [bytes[..<cut], bytes[cut...]]), "a cut changes what is read")
    // The short ones are read byte by byte too, which takes a hundred times as long.
    let single = bytes.count <= 256 ? bytes.indices.map { bytes[$0...$0] } : [bytes]
    precondition(whole == reading(of: single), "byte by byte something else is read")
    guard whole.count > 1, case .request(let request) = whole[1] else { return 0 }
    precondition(request.body.count <= limits.bodyBytes && request.body == content(of: bytes), "another body is read")
    let again = reading(of: [chunks(of: request.body, sizes: bytes)[...]])
    precondition(again == Array(whole.prefix(2)), "other chunks of the same body are read as another")
    return 0
}
