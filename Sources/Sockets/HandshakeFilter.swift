// Drops the first packet of each new connection.
internal import Glibc

extension Descriptor {
    /// Lets no new handshake begin, while those under way are finished and may still be accepted.
    ///
    /// Closing a listener resets what the kernel has let in; so first nothing more is let in, by a classic packet filter
    /// on the socket, then the queue is emptied. It drops SYN only: a filter that drops all would also swallow the last
    /// step of a handshake whose client already believes in its connection. A kernel without filters does not hurt: the
    /// queue is emptied all the same, only a client in that instant may be reset.
    func refuseNewHandshakes() {
        // The filter sees the segment from its TCP header on; byte 13 holds the flags, 0x02 is SYN (RFC 9293 3.1).
        var program = [
            FilterInstruction(code: loadByte, ifTrue: 0, ifFalse: 0, operand: 13),
            FilterInstruction(code: jumpIfAnyBit, ifTrue: 0, ifFalse: 1, operand: 0x02),
            FilterInstruction(code: returnConstant, ifTrue: 0, ifFalse: 0, operand: 0),
            FilterInstruction(code: returnConstant, ifTrue: 0, ifFalse: 0, operand: .max),
        ]
        program.withUnsafeMutableBufferPointer { instructions in
            var filter = FilterProgram(count: UInt16(instructions.count), instructions: instructions.baseAddress)
            _ = setsockopt(number, SOL_SOCKET, SO_ATTACH_FILTER, &filter, socklen_t(MemoryLayout<FilterProgram>.size))
        }
    }
}

/// `struct sock_filter` of linux/filter.h, which Swift's Glibc does not import.
private struct FilterInstruction {
    let code: UInt16
    let ifTrue: UInt8
    let ifFalse: UInt8
    let operand: UInt32
}

/// `struct sock_fprog` of linux/filter.h.
private struct FilterProgram {
    let count: UInt16
    let instructions: UnsafeMutablePointer<FilterInstruction>?
}

private let loadByte: UInt16 = 0x30  // BPF_LD | BPF_B | BPF_ABS
private let jumpIfAnyBit: UInt16 = 0x45  // BPF_JMP | BPF_JSET | BPF_K
private let returnConstant: UInt16 = 0x06  // BPF_RET | BPF_K
