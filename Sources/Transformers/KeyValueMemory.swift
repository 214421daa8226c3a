// Keys and values of tokens, by slot.
//
// A slot holds one token's keys and values in every layer; who may use which slot is decided by the caller. Slabs of
// slots are mapped when they are first needed and kept; the system gives pages to those that are written.
import CKernels
import Glibc

/// Owns the slabs; [layers][LP_SLAB][2][key-value width] float32 each.
final class KeyValueMemory {
    private let layers: Int
    private let width: Int
    private var slabs: [UnsafeMutableRawPointer] = []
    /// Slab pointers of every layer, [layers][slabs].
    private var table: [UnsafeMutablePointer<Float>?] = []

    /// - Parameter width: of one layer's keys, or values, of one token.
    init(layers: Int, width: Int) {
        self.layers = layers
        self.width = width
    }

    deinit { for slab in slabs { munmap(slab, slabBytes) } }

    private var layerFloats: Int { Int(LP_SLAB) * 2 * width }
    private var slabBytes: Int { layers * layerFloats * MemoryLayout<Float>.stride }

    /// Makes room for slots `0 ..< count`; false where the system has no more memory.
    func reserve(slots count: Int) -> Bool {
        let needed = (count + Int(LP_SLAB) - 1) / Int(LP_SLAB)
        guard needed > slabs.count else { return true }
        var added: [UnsafeMutableRawPointer] = []
        while slabs.count + added.count < needed {
            let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
            guard let slab = mmap(nil, slabBytes, PROT_READ | PROT_WRITE, flags, -1, 0), slab != MAP_FAILED else {
                // All or none: the table has to stand for as many slabs as there are.
                for slab in added { munmap(slab, slabBytes) }
                return false
            }
            added.append(slab)
        }
        slabs += added
        table = (0..<layers).flatMap { layer in
            slabs.map { $0.assumingMemoryBound(to: Float.self) + layer * layerFloats }
        }
        return true
    }

    /// The slabs of one layer, for the kernels; with memory for one layer alone, all layers use the same.
    func withSlabs(
        ofLayer layer: Int,
        _ body: (UnsafePointer<UnsafeMutablePointer<Float>?>) -> Void
    ) {
        table.withUnsafeBufferPointer { table in
            guard let first = table.baseAddress else { preconditionFailure("slots are reserved before they are used") }
            body(first + min(layer, layers - 1) * slabs.count)
        }
    }
}
