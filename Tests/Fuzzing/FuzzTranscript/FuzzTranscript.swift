// Any text as a policy's prompt and answer: cut at a place that is there, or refused.
import Transcripts

/// The first byte says where the prompt ends.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzTranscript(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    guard let first = input.first else { return 0 }
    let bytes = input.dropFirst()
    let cut = bytes.startIndex + bytes.count * Int(first) / 256
    // As the text comes out of JSON: whole characters.
    guard let prompt = String(validating: bytes[..<cut], as: UTF8.self),
        let answer = String(validating: bytes[cut...], as: UTF8.self)
    else { return 0 }
    check(try? Transcript(prompt: prompt, response: answer), in: answer)
    check(try? Transcript(cutting: answer, after: prompt), in: answer)
    check(try? Transcript(cutting: prompt + answer, after: nil), in: prompt + answer)
    // With something in it that is not padding, a prompt that the text begins with is where the answer does.
    let known = prompt + "."
    guard let whole = try? Transcript(cutting: known + answer, after: known) else { return 0 }
    check(whole, in: known + answer)
    precondition(whole.span.lowerBound == known.utf8.count, "the answer does not begin where its prompt ends")
    return 0
}

private func check(_ transcript: Transcript?, in text: String) {
    guard let transcript else { return }
    let bytes = Array(text.utf8)
    precondition(transcript.span.lowerBound >= 0 && transcript.span.upperBound <= bytes.count)
    precondition(transcript.response.utf8.elementsEqual(bytes[transcript.span]), "the answer is not what stands there")
    guard case .turns(let turns) = transcript.question else { return }
    precondition(turns.contains { $0.role == .user } && turns.last?.role != .assistant)
}
