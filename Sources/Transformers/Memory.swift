// Owned float32 memory at a fixed address.
import CKernels
import Checkpoints

/// Numbers that stay where they are, 64-byte aligned; whoever holds the buffer may read and write them.
final class FloatBuffer {
    private(set) var start: UnsafeMutablePointer<Float>
    private(set) var count: Int

    /// Zeros.
    init(count: Int) {
        self.count = count
        start = FloatBuffer.allocate(count)
    }

    deinit { UnsafeMutableRawPointer(start).deallocate() }

    /// Makes room for at least `needed` numbers; what stood here is lost when it has to grow.
    func reserve(_ needed: Int) {
        guard needed > count else { return }
        UnsafeMutableRawPointer(start).deallocate()
        start = FloatBuffer.allocate(needed)
        count = needed
    }

    private static func allocate(_ count: Int) -> UnsafeMutablePointer<Float> {
        let bytes = max(count, 1) * MemoryLayout<Float>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        let floats = memory.bindMemory(to: Float.self, capacity: max(count, 1))
        floats.initialize(repeating: 0, count: max(count, 1))
        return floats
    }
}

/// Rows of numbers that some buffer owns: [rows, width], row-major, without gaps.
struct Matrix {
    let start: UnsafeMutablePointer<Float>
    let rows: Int
    let width: Int

    /// The first rows of a buffer that has room for them.
    init(_ buffer: FloatBuffer, rows: Int, width: Int) {
        precondition(rows * width <= buffer.count, "a matrix reaches past its buffer")
        self.init(start: buffer.start, rows: rows, width: width)
    }

    private init(start: UnsafeMutablePointer<Float>, rows: Int, width: Int) {
        self.start = start
        self.rows = rows
        self.width = width
    }

    /// Some of the rows.
    subscript(range: Range<Int>) -> Matrix {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows outside of a matrix")
        return Matrix(start: start + range.lowerBound * width, rows: range.count, width: width)
    }

    /// The same numbers with each row cut into pieces: [rows * pieces, width / pieces].
    func split(into pieces: Int) -> Matrix {
        precondition(width % pieces == 0, "rows cannot be cut evenly")
        return Matrix(start: start, rows: rows * pieces, width: width / pieces)
    }
}
