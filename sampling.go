package tandem

import (
	"context"
	"encoding/json"
)

// SampleRequest asks the caller's model for a message: MCP's sampling.
type SampleRequest struct {
	Messages     []Message
	SystemPrompt string // optional
	MaxTokens    int    // at least 1
}

// SampleResult is what the caller's model said.
type SampleResult struct {
	Model      string
	StopReason string
	Role       Role
	Content    Blocks
}

// Sampling asks the caller's model.
func Sampling(request SampleRequest, result *SampleResult) Question {
	q := Question{Method: AskSampling}
	messages := make([]json.RawMessage, len(request.Messages))
	for i, m := range request.Messages {
		messages[i] = m.JSON()
	}
	q.Params, q.err = json.Marshal(struct {
		Messages     []json.RawMessage `json:"messages"`
		SystemPrompt string            `json:"systemPrompt,omitempty"`
		MaxTokens    int               `json:"maxTokens"`
	}{messages, request.SystemPrompt, max(request.MaxTokens, 1)})
	q.receive = func(_ context.Context, answer json.RawMessage) error {
		return result.decode(answer)
	}
	return q
}

func (r *SampleResult) decode(answer json.RawMessage) error {
	var result struct {
		Model      string          `json:"model"`
		StopReason string          `json:"stopReason"`
		Role       Role            `json:"role"`
		Content    json.RawMessage `json:"content"`
	}
	if err := json.Unmarshal(answer, &result); err != nil {
		return badAnswer("the answer to the question is not a sampling result")
	}
	content, err := parseBlocks(result.Content)
	if err != nil {
		return badAnswer("the answer to the question: %v", err)
	}
	*r = SampleResult{Model: result.Model, StopReason: result.StopReason, Role: result.Role, Content: content}
	return nil
}

// Root is a folder or a file that the caller works on.
type Root struct {
	URI  string `json:"uri"`
	Name string `json:"name,omitempty"`
}

// ListRoots asks which roots the caller works on.
func ListRoots(roots *[]Root) Question {
	return Question{
		Method: AskRoots,
		Params: json.RawMessage("{}"),
		receive: func(_ context.Context, answer json.RawMessage) error {
			var result struct {
				Roots []Root `json:"roots"`
			}
			if err := json.Unmarshal(answer, &result); err != nil {
				return badAnswer("the answer to the question is not a list of roots")
			}
			*roots = result.Roots
			return nil
		},
	}
}
