// Unpacks gzip as it arrives, no further than a limit.
internal import CZlib

/// A gzip body under way (RFC 1952): one member or several, each whole, and nothing after the last.
///
/// A value: a copy goes on by itself, as the parser that it is a part of does.
struct Inflater: Sendable {
    enum Failure: Error {
        /// More than the limit would come out.
        case tooLarge
        /// Not gzip, or damaged; zlib has checked length and CRC-32 of each member.
        case malformed
    }

    private var state = State()
    /// The last member is whole: the input may end here, or another member begins.
    private(set) var isComplete = false

    /// Appends what `packed` unfolds to; fails as soon as `output` would have more than `limit` bytes.
    mutating func unfold(
        _ packed: ArraySlice<UInt8>,
        onto output: inout [UInt8],
        limit: Int
    ) throws(Failure) {
        if !isKnownUniquelyReferenced(&state) { state = State(copying: state) }
        var rest = packed
        var mayHoldMore = false
        while !rest.isEmpty || mayHoldMore {
            if isComplete { try beginMember() }
            // One byte more than may be, to tell what just fits from what does not.
            let room = min(Self.pieceBytes, limit - output.count) + 1
            let (bytes, outcome) = state.step(&rest, room: room)
            // Before the damage that may follow in the same bytes, or it would depend on their cutting which is told.
            guard bytes.count <= limit - output.count else { throw .tooLarge }
            guard outcome != .damaged else { throw .malformed }
            output.reserve(bytes.count, within: limit)
            output += bytes
            isComplete = outcome == .memberEnded
            mayHoldMore = bytes.count == room && !isComplete
        }
    }

    private mutating func beginMember() throws(Failure) {
        guard state.beginMember() else { throw .malformed }
        isComplete = false
    }

    /// What is unfolded at a time; a thousandth of it may be what came.
    private static let pieceBytes = 32 * 1024
}

/// One zlib stream, which keeps a pointer to itself and therefore a fixed address.
///
/// Only its one owner changes it (copies are made before a change), which the compiler cannot see: hence unchecked.
private final class State: @unchecked Sendable {
    private let stream: UnsafeMutablePointer<z_stream>

    /// Where zlib has no memory every step fails.
    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 is the largest window, which takes every smaller one; 16 more wants gzip's header and trailer.
        inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    }

    init(copying other: State) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        inflateCopy(stream, other.stream)
    }

    deinit {
        // Of a stream that was never begun it is an error without an effect.
        inflateEnd(stream)
        stream.deallocate()
    }

    func beginMember() -> Bool { inflateReset(stream) == Z_OK }

    enum Outcome {
        case goesOn
        case memberEnded
        case damaged
    }

    /// Takes from `packed` until it is empty, `room` bytes have come out, a member ends, or it is found to be damaged.
    func step(_ packed: inout ArraySlice<UInt8>, room: Int) -> (bytes: [UInt8], outcome: Outcome) {
        var status = Z_OK
        var taken = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, initialized in
            packed.withUnsafeBufferPointer { input in
                // zlib only reads it; its field lacks the `const`.
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.pointee.avail_in = UInt32(clamping: input.count)
                stream.pointee.next_out = buffer.baseAddress
                stream.pointee.avail_out = UInt32(clamping: room)
                status = inflate(stream, Z_NO_FLUSH)
                taken = Int(UInt32(clamping: input.count) - stream.pointee.avail_in)
                stream.pointee.next_in = nil
            }
            initialized = room - Int(stream.pointee.avail_out)
        }
        packed = packed.dropFirst(taken)
        switch status {
        case Z_STREAM_END: return (bytes, .memberEnded)
        case Z_OK: return (bytes, .goesOn)
        // Nothing came and nothing was held back, which is no error.
        case Z_BUF_ERROR where packed.isEmpty: return (bytes, .goesOn)
        default: return (bytes, .damaged)
        }
    }
}
