// Chat templates are recognised by their text and never run.
import Scoring
import Testing

@Suite struct ChatFormatTests {
    private static let qwen25 = #"""
        {%- if tools %}
            {{- '<|im_start|>system\n' }}
            {%- if messages[0]['role'] == 'system' %}
                {{- messages[0]['content'] }}
            {%- else %}
                {{- 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.' }}
            {%- endif %}
        {%- else %}
            {%- if messages[0]['role'] == 'system' %}
                {{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}
            {%- else %}
                {{- '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' }}
            {%- endif %}
        {%- endif %}
        """#
    private static let math = #"""
        {{- '<|im_start|>system\nPlease reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n' }}
        """#

    /// Template, dialect and default system message.
    private static let known: [(String, ChatDialect, String?)] = [
        (qwen25, .chatML, "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."),
        (math, .chatML, #"Please reason step by step, and put your final answer within \boxed{}."#),
        ("<|im_start|>system\nBe \\n brief.<|im_end|>\n{{ x }}", .chatML, #"Be \n brief."#),
        (#"{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>'}}"#, .chatML, nil),
        (#"{{ '<|im_start|>' }}{% set reasoning_content = '' %}<think>"#, .thinkingChatML, nil),
        (
            #"'<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim"#, .llama3,
            nil
        ),
        (#"{{- "<|start_header_id|>system" }}{{- "Cutting Knowledge Date: December 2023\n" }}"#, .datedLlama3, nil),
    ]

    @Test(arguments: known)
    func `a known chat is told by its marks`(template: String, dialect: ChatDialect, system: String?) throws {
        let format = try #require(ChatFormat(jinja: template))
        #expect(format == ChatFormat(dialect, defaultSystem: system))
    }

    @Test(arguments: [
        "", "[INST] {{ message }} [/INST]", "<|im_start|> and <|start_header_id|>", "<start_of_turn>user",
    ])
    func `any other is not`(template: String) {
        #expect(ChatFormat(jinja: template) == nil)
    }
}
