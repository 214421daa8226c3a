// Tells data and weights apart, so that none are mixed up.
//
// XXH64 (github.com/Cyan4973/xxHash, xxhash_spec.md): fast enough for weights of many gigabytes, where a cryptographic
// digest would take minutes; nobody gains by forging it. No library on the package list has it.

/// A 64-bit digest of bytes that come in pieces.
package struct Fingerprint: Sendable {
    private static let primes: (UInt64, UInt64, UInt64, UInt64, UInt64) = (
        0x9E37_79B1_85EB_CA87, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0x85EB_CA77_C2B2_AE63,
        0x27D4_EB2F_1656_67C5
    )

    private var lanes = SIMD4<UInt64>(primes.0 &+ primes.1, primes.1, 0, 0 &- primes.0)
    private var rest: [UInt8] = []
    private var length: UInt64 = 0

    package init() {}

    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        length &+= UInt64(bytes.count)
        var bytes = bytes[...]
        if !rest.isEmpty {
            let missing = bytes.prefix(32 - rest.count)
            rest += missing
            bytes = bytes.dropFirst(missing.count)
            guard rest.count == 32 else { return }
            rest.withUnsafeBytes { mix($0) }
            rest.removeAll(keepingCapacity: true)
        }
        let whole = bytes.count & ~31
        mix(UnsafeRawBufferPointer(rebasing: bytes.prefix(whole)))
        rest += bytes.dropFirst(whole)
    }

    package mutating func add(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { add($0) }
    }

    /// Stripes of 32 bytes.
    private mutating func mix(_ bytes: UnsafeRawBufferPointer) {
        var lanes = lanes
        for offset in stride(from: 0, to: bytes.count, by: 32) {
            let stripe = bytes.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
            for lane in 0..<4 {
                lanes[lane] =
                    Self.rotate(lanes[lane] &+ UInt64(littleEndian: stripe[lane]) &* Self.primes.1, 31)
                    &* Self.primes.0
            }
        }
        self.lanes = lanes
    }

    /// The digest of all bytes so far, with seed 0.
    package var value: UInt64 {
        let primes = Self.primes
        var hash = primes.4
        if length >= 32 {
            hash =
                Self.rotate(lanes[0], 1) &+ Self.rotate(lanes[1], 7) &+ Self.rotate(lanes[2], 12)
                &+ Self.rotate(lanes[3], 18)
            for lane in 0..<4 {
                let round = Self.rotate(lanes[lane] &* primes.1, 31) &* primes.0
                hash = (hash ^ round) &* primes.0 &+ primes.3
            }
        }
        hash &+= length
        var index = 0
        func number(_ count: Int) -> UInt64 {
            (0..<count).reversed().reduce(0) { $0 << 8 | UInt64(rest[index + $1]) }
        }
        while index + 8 <= rest.count {
            hash ^= Self.rotate(number(8) &* primes.1, 31) &* primes.0
            hash = Self.rotate(hash, 27) &* primes.0 &+ primes.3
            index += 8
        }
        if index + 4 <= rest.count {
            hash ^= number(4) &* primes.0
            hash = Self.rotate(hash, 23) &* primes.1 &+ primes.2
            index += 4
        }
        while index < rest.count {
            hash = Self.rotate(hash ^ UInt64(rest[index]) &* primes.4, 11) &* primes.0
            index += 1
        }
        hash = (hash ^ (hash >> 33)) &* primes.1
        hash = (hash ^ (hash >> 29)) &* primes.2
        return hash ^ (hash >> 32)
    }

    private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 {
        value << bits | value >> (64 - bits)
    }
}

extension UInt64 {
    /// Sixteen hexadecimal digits.
    package var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
