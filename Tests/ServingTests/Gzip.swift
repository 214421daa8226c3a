// Packs and unpacks with zlib itself, for the tests.
import CZlib
import Serving

enum Gzip {
    /// One member.
    /// - Parameter level: 0 stores, 9 packs best.
    static func pack(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
        var stream = z_stream()
        let size = Int32(MemoryLayout<z_stream>.size)
        return withUnsafeMutablePointer(to: &stream) { stream in
            deflateInit2_(stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
            defer { deflateEnd(stream) }
            var packed = [UInt8](repeating: 0, count: Int(deflateBound(stream, UInt(bytes.count))))
            let count = run(stream, bytes, &packed) { deflate($0, Z_FINISH) }
            return Array(packed.prefix(count))
        }
    }

    /// The content of one member of up to 32 MB; nil where it is damaged or something follows.
    static func unpack(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        let size = Int32(MemoryLayout<z_stream>.size)
        return withUnsafeMutablePointer(to: &stream) { stream in
            inflateInit2_(stream, 31, ZLIB_VERSION, size)
            defer { inflateEnd(stream) }
            var unpacked = [UInt8](repeating: 0, count: 32_000_000)
            var status = Z_OK
            let count = run(stream, bytes, &unpacked) { stream in
                status = inflate(stream, Z_FINISH)
                return status
            }
            return status == Z_STREAM_END && stream.pointee.avail_in == 0 ? Array(unpacked.prefix(count)) : nil
        }
    }

    private static func run(
        _ stream: UnsafeMutablePointer<z_stream>,
        _ bytes: [UInt8],
        _ output: inout [UInt8],
        _ step: (UnsafeMutablePointer<z_stream>) -> Int32
    ) -> Int {
        var input = bytes
        let room = output.count
        return input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(output.count)
                _ = step(stream)
                return room - Int(stream.pointee.avail_out)
            }
        }
    }
}

extension Outcome {
    /// Of a body in gzip, framed by its length.
    init(packed body: [UInt8], coding: String = "gzip", limits: ServerLimits = ServerLimits()) {
        self.init(of: [packedRequest(body, coding: coding)], limits: limits)
    }
}

func packedRequest(_ body: [UInt8], coding: String = "gzip", more: String = "") -> [UInt8] {
    let lines = "\(more)Content-Encoding: \(coding)\r\nContent-Length: \(body.count)\r\n"
    return Array("POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n".utf8) + body
}
