package openapi

import (
	"encoding/json"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/binding"
)

// resumeHeaders are the parameters by which a call that was asked goes on.
func resumeHeaders() []object {
	header := func(name, about string) object {
		return object{{"name", name}, {"in", "header"}, {"description", about}, {"schema", object{{"type", "string"}}}}
	}
	return []object{
		header(binding.StateHeader, "The `state` of the problem that asked; leave it out in the first request."),
		header(binding.AnswersHeader, "The answers to what was asked: a JSON object with "+
			"`{\"action\":\"accept\",\"content\":{…}}`, `{\"action\":\"decline\"}` or `{\"action\":\"cancel\"}` under each question's id, "+
			"in ASCII, or as `=?base64?…?=`."),
	}
}

// exampleQuestion is the problem of an operation that asks.
func exampleQuestion() json.RawMessage {
	p := (&tandem.Pending{State: "q83vEjRWeJA", Questions: []tandem.PendingQuestion{{ID: "q1-1", Question: tandem.Question{
		Method: tandem.AskForm,
		Params: json.RawMessage(`{"message":"Go on?","requestedSchema":{"type":"object","properties":{"confirm":{"type":"boolean"}},"required":["confirm"]}}`),
	}}}}).Problem()
	p.InputRequired.How = "Send the same request again with the headers " + binding.StateHeader + " and " + binding.AnswersHeader + "."
	return p.JSON()
}
