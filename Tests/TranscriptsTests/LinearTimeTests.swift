// A megabyte of the worst takes no more than its length.
import Fixtures
import Glibc
import Testing
import Transcripts

/// What is looked for, begun and never ended, or ended over and over.
private let units = [
    "<|im_start|>assistant\n", "<|im_start|>user\n",
    "<|im_end|>\n<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na",
    "<|im_end|>\n<|im_start|>assistan", "<|im_end|>", "<|", "<", "<｜", "<|a", "<|aaa", "<|endoftext|>",
    "<|endoftext|> ",
    "<pad>\n", " ", "\n", "\n\n ", "[INST] ", " [/INST]", "</s><s>[INST] ", " </s>", "</s>", "[", "USER: ",
    " ASSISTANT:",
    " USER: q ASSISTANT: a</s>", "<｜User｜>", "<｜Assistant｜>", "<think>\n", "a", "ab", "\u{10FFFF}", "\n<|assistant|>\n",
    "\n<|user|>",
]

@Suite(.serialized) struct LinearTimeTests {
    private static let prompt = "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n"

    @Test(arguments: units)
    func `time grows with the text`(unit: String) {
        expectLinear(unit) { text in
            _ = try? Transcript(cutting: text, after: nil)
            _ = try? Transcript(cutting: Self.prompt + text, after: nil)
            _ = try? Transcript(cutting: Self.prompt + text, after: Self.prompt)
        }
    }

    @Test(arguments: units)
    func `time grows with the prompt`(unit: String) {
        expectLinear(unit) { text in
            _ = try? Transcript(prompt: text, response: text)
            _ = try? Transcript(prompt: "<|user|>\n" + text, response: "")
            // A text that fits until the prompt's very end, from which the overlap is found by going back.
            let prompt = "<|im_start|>user\n" + text + "<|im_end|>\n<|im_start|>assistant\n"
            _ = try? Transcript(cutting: text + "b", after: prompt)
            _ = try? Transcript(cutting: "<s>" + text, after: "[INST] " + text + "b [/INST]")
        }
    }

    @Test(arguments: ["<|im_start|>assistant\n", "<|", "<|endoftext|>", " ", "a"])
    func `a megabyte is read`(unit: String) throws {
        let text = String(repeating: unit, count: 1_048_576 / unit.utf8.count)
        let transcript = try Transcript(cutting: Self.prompt + text + ".", after: nil)
        #expect(transcript.response.utf8.count == text.utf8.count + 1)
    }
}

/// A quadratic part would take 64 times as long. Time is the thread's own, the least of three, so that other work on
/// the machine does not count.
private func expectLinear(_ unit: String, _ work: (String) -> Void) {
    let count = 2_048 / unit.utf8.count
    let (short, long) = (String(repeating: unit, count: count), String(repeating: unit, count: count * 8))
    func seconds(_ text: String) -> Double {
        (0..<3).map { _ in
            let start = threadSeconds()
            work(text)
            return threadSeconds() - start
        }.min() ?? 0
    }
    let ratio = seconds(long) / max(seconds(short), 1e-5)
    #expect(ratio < 24, "\(unit.debugDescription): \(ratio) times as long for 8 times the text")
}

private func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
