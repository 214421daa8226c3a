// Where an answer begins and ends, case by case.
import Testing
import Transcripts

private let user = "<|im_start|>user\nWhat is 1+1?<|im_end|>\n"
private let header = "<|im_start|>assistant\n"
private let prompt = user + header
private let question = Question.turns([Turn(.user, "What is 1+1?")])

@Suite struct CuttingTests {
    /// Text and prompt; the answer is `Two.` in each.
    private static let padded: [(String, String?)] = [
        (String(repeating: "<|endoftext|>", count: 50) + prompt + "Two.", prompt),
        (String(repeating: "<|endoftext|>", count: 50) + prompt + "Two.<|im_end|>", nil),
        (String(repeating: "<pad>", count: 3) + prompt + "Two.<pad><pad>", nil),
        ("<|im_end|><|im_end|>" + prompt + "Two.", prompt),
        ("<unk> <unk> <s>" + prompt + "Two.", "<s>" + prompt),
        ("<|begin_of_text|>" + prompt + "Two.", prompt),
        (prompt + "Two.", "<|begin_of_text|><|begin_of_text|>" + prompt),
    ]

    @Test(arguments: padded)
    func `padding in front changes nothing`(text: String, given: String?) throws {
        let transcript = try Transcript(cutting: text, after: given)
        #expect(transcript.question == question)
        #expect(transcript.response == "Two.")
        #expect(Array(text.utf8)[transcript.span].elementsEqual("Two.".utf8))
    }

    /// What stands behind the prompt, and the answer.
    private static let endings: [(String, String)] = [
        ("", ""), ("Two.", "Two."), ("Two. \n", "Two. \n"), ("Two.<|im_end|>", "Two."), ("Two.<|im_end|>\n", "Two."),
        ("Two.\n<|im_end|>\n<|endoftext|> <|endoftext|>\n", "Two.\n"), ("<|im_end|>", ""), (" \n", " \n"),
        ("\n</s>", "\n"), ("a<|im_end|>b", "a<|im_end|>b"), ("Two.<|eot_id|><|finetune_right_pad_id|>", "Two."),
        ("Two.<end_of_turn>\n<eos><pad>", "Two."), ("Two.<｜end▁of▁sentence｜><｜▁pad▁｜>", "Two."),
        ("Two.<|end|><|endoftext|>", "Two."), ("Two.[PAD]\t[PAD]", "Two."), ("\nTwo.<|user|>", "\nTwo."),
        ("Two.<|im_end", "Two.<|im_end"),
        ("<extra_0> 2<|im_end|>", "<extra_0> 2"), (" Two. </s>", " Two. "), ("2\r\n<|im_end|>", "2\r\n"),
        ("e\u{301}<|im_end|>\u{301}", "e\u{301}<|im_end|>\u{301}"),
    ]

    @Test(arguments: endings)
    func `end tokens and padding behind an answer are no part of it`(tail: String, answer: String) throws {
        for given in [prompt, nil] {
            let transcript = try Transcript(cutting: prompt + tail, after: given)
            #expect(transcript.response.utf8.elementsEqual(answer.utf8))
            #expect(transcript.span == prompt.utf8.count..<(prompt.utf8.count + answer.utf8.count))
        }
        let apart = try Transcript(prompt: prompt, response: tail)
        #expect(apart.response.utf8.elementsEqual(answer.utf8))
        #expect(apart.span == 0..<answer.utf8.count)
        #expect(apart.question == question)
    }

    @Test(arguments: [
        header + "Two.", "Two.<|im_end|>\n" + user + header + "Three.", "Two.[/INST]<|im_end|>\n" + header + "Three.",
        prompt + prompt + "Two.", "<|endoftext|><|endoftext|>Two.", "<think>\nTwo.",
    ])
    func `with the prompt known an answer stays whole`(answer: String) throws {
        let transcript = try Transcript(cutting: "<s>" + prompt + answer, after: prompt)
        #expect(transcript.response == answer)
    }

    /// The generation would have stopped at the end token: a header without one before it is the policy's own text.
    @Test(arguments: ["One. " + header + "Two.", "One.\n" + prompt + "Two.", "One.<|im_end|>\n" + header + "Two."])
    func `an answer does not cut itself where the prompt is not known`(answer: String) throws {
        let transcript = try Transcript(cutting: prompt + answer, after: nil)
        #expect(Transcript.Expected(transcript).start == prompt.utf8.count)
        #expect(transcript.response == answer)
    }

    /// Phi-3, Zephyr and Tulu open their turns in one way, and the answer writes how the others end theirs.
    @Test(arguments: ["\n", "</s>\n", "<|end|>\n"], ["\n", "</s>\n", "<|end|>\n"])
    func `a text is in the template whose first turn ends first`(end: String, other: String) throws {
        let (first, answer) = (
            "<|user|>\nWhat is 1+1?" + end + "<|assistant|>\n", "One." + other + "<|assistant|>\nTwo."
        )
        let transcript = try Transcript(cutting: first + answer, after: nil)
        #expect(transcript.question == question)
        #expect(transcript.response == answer)
    }

    @Test func `of several answers the last counts`() throws {
        let text = prompt + "Two.<|im_end|>\n<|im_start|>user\nAnd 1+2?<|im_end|>\n" + header + "Three.<|im_end|>"
        let transcript = try Transcript(cutting: text, after: nil)
        #expect(
            transcript.question
                == .turns([Turn(.user, "What is 1+1?"), Turn(.assistant, "Two."), Turn(.user, "And 1+2?")])
        )
        #expect(transcript.response == "Three.")
    }

    /// Template's last header, and how a generation prompt may go on.
    private static let thoughts: [(String, String)] = [
        (prompt, "<think>\n"), (prompt, "<think>\n\n</think>\n\n"), (prompt, ""), (prompt, "<think>"),
        ("<｜begin▁of▁sentence｜><｜User｜>What is 1+1?<｜Assistant｜>", "<think>\n"),
        ("<｜User｜>What is 1+1?<｜Assistant｜>", "</think>"),
    ]

    @Test(arguments: thoughts)
    func `the opening of a thought belongs to the prompt`(header: String, opening: String) throws {
        let text = header + opening + "I add.\n</think>\n\nTwo."
        for given in [header + opening, nil] {
            let transcript = try Transcript(cutting: text, after: given)
            #expect(transcript.question == question)
            #expect(transcript.response == "I add.\n</think>\n\nTwo.")
        }
    }

    /// OpenRLHF cuts long prompts at their beginning, between any two tokens.
    @Test(arguments: [
        "hat is 1+1?<|im_end|>\n" + header, "<|im_end|>\n" + header, header, "\n" + header,
        "<|endoftext|><|endoftext|>1?<|im_end|>\n" + header,
    ])
    func `a prompt without its beginning is found by its end`(rest: String) throws {
        let answer = "Two.<|im_end|>\n" + prompt + "Three."
        let transcript = try Transcript(cutting: rest + answer, after: prompt)
        #expect(transcript.question == question)
        #expect(transcript.response == answer)
    }

    @Test func `a prompt that a tokenizer changed is found by its headers`() throws {
        let first = "<|im_start|>user\nﬁx  it<|im_end|>\n" + header + "Done .<|im_end|>\n"
        let second = "<|im_start|>user\nfix it<|im_end|>\n" + header + "Done.<|im_end|>\n"
        let answer = "Two.<|im_end|>\n" + prompt + "Three."
        let transcript = try Transcript(cutting: second + prompt + answer, after: first + prompt)
        #expect(transcript.response == answer)
        #expect(transcript.question == .turns([Turn(.user, "ﬁx  it"), Turn(.assistant, "Done .")] + turns))
    }

    private var turns: [Turn] { [Turn(.user, "What is 1+1?")] }

    /// Text and prompt.
    private static let lost: [(String, String?)] = [
        ("", nil), ("1+1 is 2.", nil), ("1+1 is 2.", "What is 1+1?"), ("Two.", prompt), ("", prompt), ("", "What?"),
        (user, nil), (user + "Two.", prompt), ("<|endoftext|>", nil),
        ("hat is 1+1?<|im_end|>\n" + header + "Two.", nil),
        // A header is missing: the prompt's last one would be one of the answer's.
        (
            "<|im_start|>user\nWhat is  1+1?<|im_end|>\n" + header + "Two.",
            "<|im_start|>user\nHi<|im_end|>\n" + header + "Hi.<|im_end|>\n" + prompt
        ),
        // The text is in another template than the prompt.
        ("<start_of_turn>user\nWhat?<end_of_turn>\n<start_of_turn>model\nTwo.", prompt),
        // Cut within the last header.
        ("assistant\nTwo.", prompt), ("ASSISTANT: Two.", nil), ("Two.", ""), ("<s>Two.", "<s>"),
        ("<|user|>\nWhat?<|assistant|>\nTwo.", nil),
    ]

    @Test(arguments: lost)
    func `a text without a place for the answer is refused`(text: String, given: String?) {
        #expect(throws: TranscriptError.noAnswer) { try Transcript(cutting: text, after: given) }
    }
}
