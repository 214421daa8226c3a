// Finds the first NaN or infinity, at the speed of memory.

extension DType {
    /// The first element whose exponent bits are all set (IEEE 754: infinity or NaN); nil where there is none.
    /// - Parameter bytes: whole elements, aligned for them.
    func firstNonFinite(in bytes: UnsafeRawBufferPointer) -> Int? {
        switch self {
        case .float32: bytes.withMemoryRebound(to: UInt32.self) { Self.first(in: $0, exponentUnit: 0x0080_0000) }
        case .float16: bytes.withMemoryRebound(to: UInt16.self) { Self.first(in: $0, exponentUnit: 0x0400) }
        case .bfloat16: bytes.withMemoryRebound(to: UInt16.self) { Self.first(in: $0, exponentUnit: 0x0080) }
        }
    }

    /// Without its sign, a full exponent carries into the sign bit when one unit is added to it.
    @inline(__always)
    private static func first<Bits: FixedWidthInteger & UnsignedInteger>(
        in elements: UnsafeBufferPointer<Bits>,
        exponentUnit: Bits
    ) -> Int? {
        let magnitude = Bits.max >> 1
        // No branch within the loop, so that the compiler makes vectors of it.
        var carries: Bits = 0
        for element in elements { carries |= (element & magnitude) &+ exponentUnit }
        guard carries > magnitude else { return nil }
        return elements.firstIndex { ($0 & magnitude) &+ exponentUnit > magnitude }
    }
}
