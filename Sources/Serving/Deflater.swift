// Packs an answer's body with gzip, where its caller wants that.
internal import CZlib
internal import HTTPTypes

extension Response {
    /// The same for a client that sent `request`: in gzip where it accepts it and the body has at least `least` bytes.
    ///
    /// Here and not in ResponseWriter: this runs in the handler's task, so that a large answer does not keep the other
    /// connections of a loop waiting. HEAD is answered likewise, with the length that GET would have. No secret is ever
    /// in a body beside what a caller wrote, so its length gives none away (BREACH).
    func packed(for request: Request, from least: Int) -> Response {
        guard body.count >= least, status != .noContent, status != .notModified,
            headers[.contentEncoding] == nil, headers[.contentRange] == nil,
            // A page is small; scanners (testssl.sh) take one that is packed for a hole, BREACH.
            headers[.contentType]?.utf8.starts(with: "text/html".utf8) != true
        else { return self }
        var response = self
        // Of both forms, or a cache would hand the one to who asked for the other (RFC 9110 12.5.5).
        response.headers.append(HTTPField(name: .vary, value: "Accept-Encoding"))
        let wishes = request.headers[fields: .acceptEncoding].map { $0.withUnsafeBytesOfValue { Array($0) } }
        guard ContentCoding.acceptsGzip(wishes), let packed = Deflater.gzip(body), packed.count < body.count else {
            return response
        }
        response.body = packed
        response.headers[.contentEncoding] = "gzip"
        return response
    }
}

/// zlib's other half.
enum Deflater {
    /// One member with neither name nor time, so that equal bodies give equal bytes; nil where zlib cannot.
    static func gzip(_ bytes: [UInt8]) -> [UInt8]? {
        guard let count = UInt32(exactly: bytes.count) else { return nil }
        var stream = z_stream()
        let size = Int32(MemoryLayout<z_stream>.size)
        return withUnsafeMutablePointer(to: &stream) { stream in
            // Level 1: of rewards as JSON it leaves a third, at 2.5 times the speed of level 6, which leaves 29 %.
            // 15 + 16: the largest window, in gzip's header and trailer; 8: zlib's own choice of memory.
            guard
                deflateInit2_(stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK
            else { return nil }
            defer { deflateEnd(stream) }
            let room = deflateBound(stream, UInt(count))
            guard let available = UInt32(exactly: room) else { return nil }
            var status = Z_OK
            let packed = [UInt8](unsafeUninitializedCapacity: Int(available)) { buffer, initialized in
                bytes.withUnsafeBufferPointer { input in
                    // zlib only reads it; its field lacks the `const`.
                    stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                    stream.pointee.avail_in = count
                    stream.pointee.next_out = buffer.baseAddress
                    stream.pointee.avail_out = available
                    status = deflate(stream, Z_FINISH)
                }
                initialized = Int(available - stream.pointee.avail_out)
            }
            return status == Z_STREAM_END ? packed : nil
        }
    }
}
